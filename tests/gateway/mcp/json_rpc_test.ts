/** What is a message of JSON-RPC, and what a client is told of anything else. */
import { deepEqual, equal, match } from "node:assert/strict";
import { greetingFault, readMessages } from "../../../gateway/mcp/json_rpc.ts";

const faulty: [text: string, code: number, id: string | number | null, message: RegExp][] = [
  ["{broken", -32700, null, /no JSON/],
  ["", -32700, null, /no JSON/],
  ["5", -32600, null, /an object/],
  ["null", -32600, null, /an object/],
  ["[]", -32600, null, /at least one/],
  ['{"id":6,"method":"ping"}', -32600, 6, /"jsonrpc": "2.0"/],
  ['{"jsonrpc":"1.0","id":"a","method":"ping"}', -32600, "a", /"jsonrpc": "2.0"/],
  ['{"jsonrpc":"2.0","id":8,"method":5}', -32600, 8, /method is no text/],
  ['{"jsonrpc":"2.0","id":9}', -32600, null, /a method, a result or an error/],
  ['{"jsonrpc":"2.0","id":9,"result":5}', -32600, null, /a method, a result or an error/],
  ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, null, /whole number/],
  ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, null, /whole number/],
  ['{"jsonrpc":"2.0","id":1e999,"method":"ping"}', -32600, null, /whole number/],
  ['{"jsonrpc":"2.0","id":1764255000000000001,"method":"ping"}', -32600, null, /at most 15 digits/],
  ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602, 1, /parameters are no object/],
  ['{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}', -32602, 1, /parameters are no object/],
];

for (const [text, code, id, message] of faulty) {
  Deno.test(`no message: ${text || "nothing"}`, () => {
    const { messages, faults: [fault, ...more] } = readMessages(text);
    deepEqual([messages, more], [[], []]);
    deepEqual([fault.code, fault.id], [code, id]);
    match(fault.message, message);
  });
}

const sound = [
  { jsonrpc: "2.0", id: 0, method: "ping" },
  { jsonrpc: "2.0", id: "", method: "ping", params: {} },
  { jsonrpc: "2.0", id: -1, method: "ping", params: { _meta: { k: 1 } } },
  { jsonrpc: "2.0", method: "notifications/any" },
  { jsonrpc: "2.0", id: 1, result: {} },
  { jsonrpc: "2.0", id: null, error: { code: 1, message: "" } },
];

Deno.test("messages, alone and in a batch, which may have others in it", () => {
  for (const message of sound) deepEqual(readMessages(JSON.stringify(message)).messages, [message]);
  const { messages, faults } = readMessages(JSON.stringify([...sound, 5]));
  deepEqual(messages, sound);
  equal(faults.length, 1);
});

Deno.test("parameters that are null are none", () => {
  deepEqual(readMessages('{"jsonrpc":"2.0","id":1,"method":"ping","params":null}').messages, [
    { jsonrpc: "2.0", id: 1, method: "ping" },
  ]);
});

const clientInfo = { name: "t", version: "1" };
const greetings: [params: unknown, isSound: boolean][] = [
  [{ protocolVersion: "1999-01-01", capabilities: {}, clientInfo }, true],
  [{ protocolVersion: 5, capabilities: {}, clientInfo }, false],
  [{ protocolVersion: "2025-11-25", clientInfo }, false],
  [{ protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t" } }, false],
  [undefined, false],
];

Deno.test("an initialize that lacks something is told what", () => {
  for (const [params, isSound] of greetings) {
    const fault = greetingFault({ jsonrpc: "2.0", id: 3, method: "initialize", params } as never);
    deepEqual(fault && [fault.id, fault.code], isSound ? undefined : [3, -32602]);
  }
});
