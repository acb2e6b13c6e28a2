/** A client over SSE that reads slowly, or not at all: what is sent to it waits, and never for nobody. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { SseTransport } from "../../../gateway/mcp/gateway/sse_transport.ts";

/** Numbered messages of half a MiB on their way, and the numbers of those that are sent. */
function sending(transport: SseTransport, count: number) {
  const sent: number[] = [];
  const data = "x".repeat(512 * 1024);
  const all = Promise.all(
    Array.from({ length: count }, async (_, i) => {
      await transport.send({ jsonrpc: "2.0", method: "notifications/message", params: { i, data } });
      sent.push(i);
    }),
  );
  return { sent, all };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("messages wait for a client that does not read, and go on when it does", async () => {
  const transport = new SseTransport("/message", 1000);
  const reader = transport.response().body!.getReader();
  const { sent, all } = sending(transport, 8);
  await turn();
  deepEqual(sent, [0]);
  let text = "";
  while (!text.includes('"i":7')) text += new TextDecoder().decode((await reader.read()).value);
  await all;
  equal(sent.length, 8);
  match(text, /^event: endpoint\ndata: \/message\?sessionId=\S+\n\n/);
  await transport.close();
});

Deno.test("nothing waits for a client that has gone", async () => {
  const transport = new SseTransport("/message", 1000);
  const { body } = transport.response();
  const { sent, all } = sending(transport, 8);
  await turn();
  await body!.cancel();
  await all;
  equal(sent.length, 8);
  await rejects(transport.send({ jsonrpc: "2.0", method: "notifications/message" }), /has closed its stream/);
});
