/** The end of a line transport: what is still answered when the other side writes no more. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { JSONRPCMessage } from "../../../../gateway/mcp/sdk.ts";
import { LineTransport } from "../../../../gateway/mcp/servers/line_transport.ts";

const request = (id: number) => ({ jsonrpc: "2.0" as const, id, method: "tools/list" });
const answer = (id: number) => ({ jsonrpc: "2.0" as const, id, result: {} });
const cancelled = (requestId: number) => ({
  jsonrpc: "2.0" as const,
  method: "notifications/cancelled",
  params: { requestId },
});

/**
 * A transport whose other side writes by `says` (`writes`: as it stands), and is gone altogether when `leaves` is
 * called. `isDeaf`: it reads nothing any more.
 */
async function served({ mayGo, isDeaf = false }: { mayGo: boolean; isDeaf?: boolean }) {
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const writer = input.writable.getWriter();
  const written: JSONRPCMessage[] = [];
  const taken: JSONRPCMessage[] = [];
  const [left, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isAborted = false;
  const transport = new LineTransport({
    readable: input.readable,
    writable: {
      write(bytes) {
        if (isDeaf) return Promise.reject(new Error("Broken pipe"));
        const lines = new TextDecoder().decode(bytes).trim().split("\n");
        written.push(...lines.map((line) => JSON.parse(line)));
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    },
    close: closed.resolve,
    log() {},
    ...(mayGo
      ? {
        gone(signal) {
          signal.addEventListener("abort", () => isAborted = true);
          return left.promise;
        },
      }
      : {}),
  });
  transport.onmessage = (message) => void taken.push(message);
  await transport.start();
  return {
    transport,
    written,
    taken,
    closed: closed.promise,
    leaves: left.resolve,
    isAborted: () => isAborted,
    says: async (...messages: JSONRPCMessage[]) =>
      await writer.write(
        new TextEncoder().encode(messages.map((message) => `${JSON.stringify(message)}\n`).join("")),
      ),
    writes: (text: string) => writer.write(new TextEncoder().encode(text)),
    writesNoMore: () => writer.close(),
  };
}

Deno.test("requests that came before the end of the input are answered", async () => {
  const { transport, written, closed, says, writesNoMore, isAborted } = await served({ mayGo: true });
  await says(request(1), request(2), request(3));
  await transport.send(answer(1));
  await writesNoMore();
  await transport.send(answer(2));
  await transport.send(answer(3));
  await closed;
  deepEqual(written, [answer(1), answer(2), answer(3)]);
  equal(isAborted(), true);
});

Deno.test("one that is cancelled is not waited for", async () => {
  const { closed, says, writesNoMore } = await served({ mayGo: true });
  await says(request(1), cancelled(1));
  await writesNoMore();
  await closed;
});

Deno.test("a side that is gone is not waited for", async () => {
  const { closed, says, writesNoMore, leaves } = await served({ mayGo: true });
  await says(request(1));
  await writesNoMore();
  leaves();
  await closed;
});

Deno.test("without a way to tell, who writes no more is gone", async () => {
  const { closed, says, writesNoMore } = await served({ mayGo: false });
  await says(request(1));
  await writesNoMore();
  await closed;
});

Deno.test("a side that writes no more is asked nothing, and what it was asked fails", async () => {
  const { transport, taken, closed, says, writesNoMore } = await served({ mayGo: true });
  await transport.send(request(7));
  await says(request(1));
  await writesNoMore();
  while (taken.length < 2) await new Promise((resolve) => setTimeout(resolve));
  deepEqual(taken[1], {
    jsonrpc: "2.0",
    id: 7,
    error: { code: -32000, message: "The connection is closed" },
  });
  await rejects(transport.send(request(8)), /connection is closed/);
  await transport.send(answer(1));
  await closed;
});

Deno.test("a last line without an end is a line", async () => {
  const { transport, taken, closed, writes, writesNoMore } = await served({ mayGo: true });
  await writes(JSON.stringify(request(1)));
  await writesNoMore();
  while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve));
  await transport.send(answer(1));
  await closed;
  deepEqual(taken, [request(1)]);
});

Deno.test("a client that reads nothing any more is gone, though it still writes", async () => {
  const { transport, closed } = await served({ mayGo: true, isDeaf: true });
  await rejects(transport.send(answer(1)), /Broken pipe/);
  await closed;
});

Deno.test("a client hears of what it writes wrong, a server does not", async () => {
  for (const mayGo of [true, false]) {
    const { written, taken, closed, writes, writesNoMore } = await served({ mayGo });
    await writes(
      '\ufeff{"jsonrpc":"2.0","method":"notifications/a"}\r\n\n  \r\n{broken\n{"id":5,"method":"ping"}\n',
    );
    await writesNoMore();
    await closed;
    deepEqual(taken, [{ jsonrpc: "2.0", method: "notifications/a" }]);
    const errors = written as { id: unknown; error: { code: number } }[];
    deepEqual(errors.map(({ id, error }) => [id, error.code]), mayGo ? [[null, -32700], [5, -32600]] : []);
  }
});
