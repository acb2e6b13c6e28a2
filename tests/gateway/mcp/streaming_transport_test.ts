/** A client over streamable HTTP that reads slowly, or not at all: what is sent to it waits, and never for nobody. */
import { equal, ok } from "node:assert/strict";
import { StreamingTransport } from "../../../gateway/mcp/gateway/streaming_transport.ts";
import type { JSONRPCMessage } from "../../../gateway/mcp/sdk.ts";

const headers = { Accept: "*/*", "Content-Type": "application/json", "Mcp-Session-Id": "s" };
const request = (method: string) => new Request("http://localhost/mcp", { method, headers });
const initialize: JSONRPCMessage = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};
const data = "x".repeat(512 * 1024);
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** A session with a stream of a call (id 1) and one that was asked for by GET, and how many of them are open. */
async function begun() {
  let open = 0;
  const counted = (answer: (done: () => void) => Promise<Response>) => {
    open++;
    return answer(() => void open--);
  };
  const transport = new StreamingTransport("s", () => {});
  transport.onmessage = (message) => {
    if ("method" in message && message.method === "initialize") {
      transport.send({ jsonrpc: "2.0", id: 0, result: {} });
    }
  };
  await transport.start();
  await (await counted((done) => transport.post(request("POST"), [initialize], done))).text();
  const asked: JSONRPCMessage = { jsonrpc: "2.0", id: 1, method: "tools/call" };
  const call = await counted((done) => transport.post(request("POST"), [asked], done));
  const listening = await counted((done) => transport.other(request("GET"), done));
  return {
    transport,
    call: call.body!.getReader(),
    listening: listening.body!.getReader(),
    open: () => open,
  };
}

/** Eight messages of half a MiB, one after the other as a server sends them, and how many are sent. */
function sending(transport: StreamingTransport, relatedRequestId?: number) {
  const state = { sent: 0 };
  const message: JSONRPCMessage = { jsonrpc: "2.0", method: "notifications/message", params: { data } };
  const all = (async () => {
    for (; state.sent < 8; state.sent++) await transport.send(message, { relatedRequestId });
  })();
  return { state, all };
}

for (const which of ["call", "listening"] as const) {
  Deno.test(`messages for the stream of a ${which} wait for its reader, and for no other's`, async () => {
    const { transport, open, ...streams } = await begun();
    const { state, all } = sending(transport, which === "call" ? 1 : undefined);
    const other = which === "call" ? undefined : 1;
    await transport.send({ jsonrpc: "2.0", method: "notifications/message" }, { relatedRequestId: other });
    await turn();
    ok(state.sent < 4, `${state.sent} were sent`);
    for (let bytes = 0; bytes < 8 * data.length;) bytes += (await streams[which].read()).value!.length;
    await all;
    equal(open(), 2);
    await transport.close();
    for (const stream of Object.values(streams)) while (!(await stream.read()).done);
    equal(open(), 0);
  });
}

Deno.test("nothing waits for a stream whose reader has gone, or that is over", async () => {
  const { transport, call, listening, open } = await begun();
  const [first, second] = [sending(transport, 1), sending(transport)];
  await call.cancel();
  await first.all;
  await transport.close();
  await second.all;
  while (!(await listening.read()).done);
  equal(open(), 0);
});
