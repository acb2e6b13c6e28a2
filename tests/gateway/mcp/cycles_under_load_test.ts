/** Servers that come and go, right ones and wrong ones, while another one is called without a pause. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { fixtureServer, programServer, testGateway } from "../../support/mcp/fixture.ts";
import { steadyLoad } from "../../support/mcp/steady_load.ts";
import { type Fault, serverName, working } from "../../support/mcp/wrong_server.ts";

const cycles = 100;
const toolName = (fault: Fault) => `work_${fault.replaceAll(/[^a-z0-9]+/g, "_")}`;
/** The line of 50 MB takes longer than all others together; wrong_servers_test.ts has it. */
const faults = working.filter((fault) => !fault.includes("50 MB"));

Deno.test({
  name: `${cycles} times a server is enabled and disabled while another one is called all the time`,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const steady = fixtureServer();
    await using test = testGateway([steady]);
    const client = await test.connect();
    await client.listTools();
    const load = steadyLoad(client);
    const names = async () => new Set((await client.listTools()).tools.map(({ name }) => name));
    for (let cycle = 0; cycle < cycles; cycle++) {
      const fault = faults[cycle % faults.length];
      await test.gateway.configure([steady, programServer(serverName(fault), "wrong_server.ts", [fault])]);
      ok((await names()).has(toolName(fault)), `cycle ${cycle}: ${fault}`);
      if (!fault.endsWith("in a call")) {
        const { content } = await client.callTool({ name: toolName(fault), arguments: {} });
        deepEqual(content, [{ type: "text", text: "done" }]);
      }
      await load.more(1);
      await test.gateway.configure([steady]);
      ok(!(await names()).has(toolName(fault)), `cycle ${cycle}: ${fault}`);
      await load.more(1);
    }
    await load.end();
    equal(test.gateway.budget.size, 1, "what was disabled does not run");
    deepEqual(test.lines.filter((line) => /^fixture: /.test(line)), [], "nothing happened to the steady one");
  },
});
