/** The Python SDK as the client of a gateway, over every transport: what is not the TypeScript SDK, too. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { selfCommand } from "../../../core/process/self.ts";
import { freePort } from "../../support/executable.ts";
import { fixtureServer } from "../../support/mcp/fixture.ts";
import { gatewayProcess } from "../../support/mcp/gateway_process.ts";
import { pythonClient, type PythonTold } from "../../support/mcp/python_client.ts";
import { realTest } from "../../support/parts.ts";
import { withHome } from "./home.ts";

function checkTold(told: PythonTold): void {
  equal(told.server, "skiff MCP gateway");
  ok(told.tools.includes("test_echo"));
  deepEqual(told.echo, { deep: [1, { a: null }] });
  deepEqual(told.progress, [0, 50, 100]);
  equal(told.sampling, "LLM response: whales");
  match(told.elicitation, /action=accept.*ahab/);
  equal(told.roots, "file:///pequod");
  deepEqual(told.asked, ["sampling", "elicitation", "roots"]);
  equal(told.failed, true);
  equal(told.unsubscribed, "nobody has subscribed");
  match(told.resource, /"templateTest":true/);
  ok(told.prompts.includes("test_prompt_with_arguments"));
  match(told.prompt, /arg1='a'/);
  equal(told.completion[0], "paris");
  equal(told.added, "added");
  match(told.late, /Timed out/i);
  deepEqual(told.parallel, Array.from({ length: 20 }, (_, i) => i));
  match(told.missing, /nobody:\/\/has-this not found/);
}

realTest("a Python client does all that a client can", pythonClient, async (client, t) => {
  await withHome(async (home) => {
    const { entry } = fixtureServer();
    await home.write("catalog.yaml", JSON.stringify({ registry: { fixture: entry } }));
    const env = {
      HOME: home.home,
      SKIFF_HOME: `${home.home}/skiff`,
      MCP_GATEWAY_AUTH_TOKEN: "mine",
      GATEWAY_TOKEN: "mine",
    };
    const flags = ["--catalog", `${home.home}/catalog.yaml`, "--servers=fixture"];
    await t.step("over stdio", async () => {
      const { program, args } = selfCommand(["mcp", "gateway", "run", ...flags]);
      checkTold(await client("stdio", [program, ...args], env));
    });
    for (const [transport, flag, path] of [["sse", "sse", "/sse"], ["http", "streaming", "/mcp"]] as const) {
      await t.step(`over ${flag}`, async () => {
        const port = freePort();
        await using gateway = gatewayProcess([...flags, `--transport=${flag}`, `--port=${port}`], { env });
        await gateway.line(/> Gateway/);
        checkTold(await client(transport, [`http://127.0.0.1:${port}${path}`], env));
      });
    }
  });
});
