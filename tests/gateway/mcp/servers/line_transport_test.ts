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

/** A transport whose other side writes by `says`, and is gone altogether when `leaves` is called. */
async function served({ mayGo }: { mayGo: boolean }) {
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
