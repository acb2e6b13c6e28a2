/** Requests that go past the SDK, over real lines: what comes is handed on no faster than it is taken. */
import { deepEqual, rejects } from "node:assert/strict";
import { LineTransport } from "../../../../gateway/mcp/servers/line_transport.ts";
import { RequestLane } from "../../../../gateway/mcp/servers/request_lane.ts";

/** A lane towards a server that says `lines`, as many at a time as are read. */
function laneTo(lines: unknown[]) {
  let said = 0;
  const readable = new ReadableStream<Uint8Array>({
    pull(stream) {
      if (said < lines.length) stream.enqueue(new TextEncoder().encode(`${JSON.stringify(lines[said++])}\n`));
    },
  }, { highWaterMark: 0 });
  const transport = new LineTransport({ readable, writable: new WritableStream(), close() {}, log() {} });
  const lane = new RequestLane(transport, () => {});
  return { lane, transport, said: () => said };
}

const progress = (progressToken: unknown, made: number) => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken, progress: made },
});
/** The lane's first request. */
const id = 1_000_000_000;
const answer = { jsonrpc: "2.0", id, result: { done: true } };

Deno.test("a server that floods with progress waits for whoever takes it", async () => {
  const { lane, transport, said } = laneTo([progress(id, 1), progress(id, 2), answer]);
  const [first, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const heard: number[] = [];
  const result = lane.request({ method: "tools/call" }, {
    onprogress({ progress }) {
      heard.push(progress);
      first.resolve();
      return taken.promise;
    },
  });
  await transport.start();
  await first.promise;
  deepEqual([heard, said()], [[1], 1]);
  taken.resolve();
  deepEqual(await result, { done: true });
  deepEqual(heard, [1, 2]);
});

Deno.test("an answer that comes after its request was given up, or twice, disturbs nothing", async () => {
  const other = { jsonrpc: "2.0", id: id + 1, result: { other: true } };
  const { lane, transport } = laneTo([answer, progress(id, 1), answer, other, other]);
  const giveUp = new AbortController();
  const given = lane.request({ method: "tools/call" }, {
    signal: giveUp.signal,
    onprogress: () => Promise.reject(new Error("nobody listens")),
  });
  const kept = lane.request({ method: "tools/call" }, {});
  giveUp.abort(new Error("enough"));
  await rejects(given, /enough/);
  await transport.start();
  deepEqual(await kept, { other: true });
});
