/** Projects of `server init` are compiled by Go, and serve an MCP client through the gateway's way of starting servers. */
import assert from "node:assert/strict";
import { writeServerProject } from "../../../../gateway/mcp/scaffold/server_project.ts";
import { Client } from "../../../../gateway/mcp/sdk.ts";
import { LineTransport } from "../../../../gateway/mcp/servers/line_transport.ts";
import { commandOutput, registryCommand } from "../../../support/command.ts";
import { goCommand } from "../../../support/newest_engine.ts";
import { realTest } from "../../../support/parts.ts";

async function withServer(program: string, fn: (client: Client) => Promise<void>): Promise<void> {
  const child = new Deno.Command(program, { stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new LineTransport({
      readable: child.stdout,
      writable: child.stdin,
      close: async () => void await child.status,
      log: () => {},
    }),
  );
  try {
    await fn(client);
  } finally {
    await client.close();
  }
}

async function built(go: string, template: string): Promise<{ program: string; folder: string }> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-project-" });
  const project = await writeServerProject(`${folder}/greeter`, { template, language: "go" });
  await registryCommand(go, ["vet", "."], { cwd: project.folder });
  await commandOutput(go, ["build", "-trimpath", "-o", `${folder}/server`, "."], { cwd: project.folder });
  return { program: `${folder}/server`, folder };
}

realTest("basic: a server with one tool", goCommand, async (go) => {
  const { program, folder } = await built(go, "basic");
  await withServer(program, async (client) => {
    assert.equal(client.getServerVersion()?.name, "greeter");
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name, inputSchema }) => [name, inputSchema.required]), [["greet", [
      "name",
    ]]]);
    const greeted = await client.callTool({ name: "greet", arguments: { name: "Ada" } });
    assert.deepEqual(greeted.content, [{ type: "text", text: "Hi Ada" }]);
    const nobody = await client.callTool({ name: "greet", arguments: { name: "" } });
    assert.equal(nobody.isError, true);
  });
  await Deno.remove(folder, { recursive: true });
});

realTest("chatgpt-app-basic: the tool has a widget, and structured content for it", goCommand, async (go) => {
  const { program, folder } = await built(go, "chatgpt-app-basic");
  await withServer(program, async (client) => {
    const [tool] = (await client.listTools()).tools;
    const uri = tool._meta?.["openai/outputTemplate"] as string;
    assert.equal(uri, "ui://greeter/widget.html");
    assert.deepEqual((await client.listResources()).resources.map((resource) => resource.uri), [uri]);
    const { contents: [content] } = await client.readResource({ uri });
    assert.equal(content.mimeType, "text/html+skybridge");
    assert.match((content as { text: string }).text, /window\.openai\.callTool\("greet"/);
    const result = await client.callTool({ name: "greet", arguments: { name: "Ada", greetingType: "Hey" } });
    assert.deepEqual(result.content, [{ type: "text", text: "Hey Ada!" }]);
    assert.deepEqual(result.structuredContent, { greeting: "Hey Ada!", name: "Ada", greetingType: "Hey" });
  });
  await Deno.remove(folder, { recursive: true });
});
