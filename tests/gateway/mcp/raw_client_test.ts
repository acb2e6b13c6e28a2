/** Clients that are no SDK: what they send, message by message, and what they get. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { InMemoryTransport, type JSONRPCMessage } from "../../../gateway/mcp/sdk.ts";
import { fixtureServer, testGateway } from "../../support/mcp/fixture.ts";
import type { GatewayOptions } from "../../../gateway/mcp/gateway/gateway.ts";

interface RawClient {
  send(method: string, params?: unknown, id?: unknown): Promise<void>;
  /** The first message so far or to come that is so. */
  message(isIt: (message: any) => boolean): Promise<any>;
  answer(id: unknown): Promise<any>;
  received: JSONRPCMessage[];
}

function rawTest(
  name: string,
  fn: (client: RawClient) => Promise<void>,
  options: Partial<GatewayOptions> = {},
): void {
  Deno.test(name, async () => {
    await using test = testGateway([fixtureServer()], options);
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    await test.gateway.openSession(theirs);
    const received: any[] = [];
    const waiting = new Set<() => void>();
    ours.onmessage = (message) => {
      received.push(message);
      waiting.forEach((look) => look());
    };
    await ours.start();
    const message = (isIt: (message: any) => boolean) =>
      new Promise<any>((resolve) => {
        const look = () => {
          const found = received.find(isIt);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    await fn({
      received,
      message,
      send: (method, params, id) =>
        ours.send(
          {
            jsonrpc: "2.0",
            method,
            ...(params ? { params } : {}),
            ...(id === undefined ? {} : { id }),
          } as never,
        ),
      answer: (id) => message((one) => one.id === id && ("result" in one || "error" in one)),
    });
    await ours.close();
  });
}

const greeting = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "raw", version: "1" },
};
const call = (name: string, rest: Record<string, unknown> = {}) => ({ name, arguments: {}, ...rest });
const hasLogged = (data: string) => (message: any) => message.params?.data === data;

rawTest("an id that is in use is refused, and the request that has it gets its answer", async (client) => {
  await client.send("initialize", greeting, 0);
  await client.send("tools/call", call("test_endless"), 1);
  await client.message(hasLogged("endless"));
  for (const method of ["ping", "tools/list"]) await client.send(method, undefined, 1);
  const { error } = await client.answer(null);
  equal(error.code, -32600);
  match(error.message, /^The id 1 is that of another request/);
  await client.send("notifications/cancelled", { requestId: 1 });
  await client.send("tools/call", call("test_simple_text"), 1);
  ok((await client.answer(1)).result.content, "the id is free when its request is cancelled");
});

rawTest("an initialize without parameters is told what it lacks", async (client) => {
  await client.send("initialize", undefined, 1);
  equal((await client.answer(1)).error.code, -32602);
  await client.send("initialize", greeting, 2);
  ok((await client.answer(2)).result);
});

rawTest("who never says that it is initialized has the gateway's own tools, once", async (client) => {
  await client.send("initialize", greeting, 0);
  await client.send("tools/list", {}, 1);
  const names = (answer: any) => answer.result.tools.map(({ name }: { name: string }) => name);
  ok(names(await client.answer(1)).includes("own-1"));
  await client.send("notifications/initialized");
  await client.send("notifications/initialized");
  await client.send("tools/list", {}, 2);
  ok(!names(await client.answer(2)).includes("own-2"));
}, { extensions: [ownTools()] });

/** Each session that it is attached to has one more tool. */
function ownTools() {
  let count = 0;
  return {
    attach(session: Parameters<GatewayOptions["extensions"][number]["attach"]>[0]) {
      const definition = { name: `own-${++count}`, inputSchema: { type: "object" as const } };
      session.addOwn({ tools: [{ definition, call: () => Promise.resolve({ content: [] }) }] });
    },
  };
}

const tokens: [token: unknown, isOne: boolean][] = [[0, true], ["", true], [null, false], [true, false], [
  {},
  false,
]];

rawTest("progress goes to tokens that are texts or numbers", async (client) => {
  await client.send("initialize", greeting, 0);
  for (const [i, [progressToken, isOne]] of tokens.entries()) {
    await client.send("tools/call", call("test_tool_with_progress", { _meta: { progressToken } }), i + 1);
    ok((await client.answer(i + 1)).result);
    const told = client.received.filter((message: any) =>
      message.method === "notifications/progress" &&
      JSON.stringify(message.params.progressToken) === JSON.stringify(progressToken)
    );
    equal(told.length, isOne ? 3 : 0, JSON.stringify(progressToken));
  }
});

rawTest(
  "a page of a list that there is not is told; none, null and nothing are the first",
  async (client) => {
    await client.send("initialize", greeting, 0);
    for (const [id, cursor] of ["x", 5, null, ""].entries()) {
      await client.send("resources/list", { cursor }, id + 1);
    }
    const codes = [];
    for (const id of [1, 2, 3, 4]) codes.push((await client.answer(id)).error?.code);
    deepEqual(codes, [-32602, -32602, undefined, undefined]);
  },
);
