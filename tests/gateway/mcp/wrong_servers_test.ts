/** Servers that are wrong in every way that a server can be: the others are served throughout. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { fixtureServer, programServer, testGateway } from "../../support/mcp/fixture.ts";
import { steadyLoad } from "../../support/mcp/steady_load.ts";
import { until } from "../../support/proxy_process.ts";
import { type Fault, faults, serverName, working } from "../../support/mcp/wrong_server.ts";

const server = (fault: Fault) => programServer(serverName(fault), "wrong_server.ts", [fault]);
const toolName = (fault: Fault) => `work_${fault.replaceAll(/[^a-z0-9]+/g, "_")}`;

Deno.test({
  name: "beside wrong servers the right one is listed and called, and what is wrong is told",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using test = testGateway([...faults.map(server), fixtureServer()], {
      listMs: 10_000,
      mostServers: 40,
    });
    const client = await test.connect();
    const load = steadyLoad(client); // from before the first list until after the last wrong server
    const { tools } = await client.listTools();
    await t.step("all tools of servers that work in the end are listed in the end", async () => {
      ok(tools.some(({ name }) => name === "test_echo"));
      await until(async () => {
        const names = new Set((await client.listTools()).tools.map(({ name }) => name));
        return working.every((fault) => names.has(toolName(fault)));
      });
    });
    for (const fault of working.filter((fault) => !fault.endsWith("in a call"))) {
      await t.step(`a server that ${fault} is called`, async () => {
        const { content } = await client.callTool({ name: toolName(fault), arguments: {} });
        deepEqual(content, [{ type: "text", text: "done" }]);
      });
    }
    await t.step("a call that ends its server fails, and names it", async () => {
      await rejects(
        client.callTool({ name: toolName("ends in a call"), arguments: {} }),
        /ends-in-a-call .* ended before it answered/,
      );
    });
    await t.step("a call that hangs can be given up", async () => {
      const giveUp = new AbortController();
      const call = client.callTool({ name: toolName("hangs in a call"), arguments: {} }, undefined, giveUp);
      giveUp.abort(new Error("enough"));
      await rejects(call);
    });
    await t.step("the right server was called all the time, and answers as before", async () => {
      await load.more(10);
      await load.end();
      const { structuredContent } = await client.callTool({ name: "test_echo", arguments: { a: 1 } });
      deepEqual(structuredContent, { a: 1 });
    });
    const cannotStart: [Fault, RegExp][] = [
      ["ends at once", /can't start/],
      ["fails at once", /can't start/],
      ["refuses the handshake", /can't start: .*not today/],
      ["speaks an unknown version", /can't start: .*version is not supported/],
      ["is silent", /has not said yet what it offers/],
      ["prints garbage for ever", /wrote what is no message/],
      ["lists tools without an end", /does not end/],
      ["fails every list", /tools\/list failed: .*no/],
    ];
    for (const [fault, words] of cannotStart) {
      await t.step(`it is told that a server ${fault}`, async () => {
        const about = () => test.lines.filter((line) => line.includes(serverName(fault)));
        await until(() => about().some((line) => words.test(line))).catch((error) => {
          throw new Error(about().join("\n"), { cause: error });
        });
      });
    }
    equal((await client.listTools()).tools.length >= tools.length, true);
  },
});
