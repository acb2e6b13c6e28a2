/** Servers and tools found by meaning: the executable's gateway, with MiniLM on the executable's own model server. */
import assert from "node:assert/strict";
import { Client } from "../../gateway/mcp/sdk.ts";
import { LineTransport } from "../../gateway/mcp/servers/line_transport.ts";
import { type Home, homeTest } from "../support/executable.ts";
import { miniLm } from "../support/minilm.ts";

async function withGateway(
  { executable, env, folder }: Home,
  fn: (ask: (tool: string, args: Record<string, unknown>) => Promise<any>, tools: string[]) => Promise<void>,
): Promise<string> {
  const child = new Deno.Command(executable, {
    args: ["mcp", "gateway", "run"],
    env,
    clearEnv: true,
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  const client = new Client({ name: "test", version: "1" });
  const transport = new LineTransport({
    readable: child.stdout,
    writable: child.stdin,
    close: async () => void await child.status,
    log: () => {},
  });
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    await fn(async (name, args) => {
      const { content } = await client.callTool({ name, arguments: args }) as any;
      return JSON.parse(content[0].text);
    }, tools.map(({ name }) => name));
  } finally {
    await client.close();
  }
  return await log;
}

homeTest(
  "servers without a word of the question, and tools for a task, are found by an embedding model",
  async (home) => {
    const words = await withGateway(home, async (ask, tools) => {
      assert.ok(!tools.includes("find-tools"), "no model server runs");
      const names = (await ask("mcp-find", { query: "keep notes" })).servers.map((s: any) => s.name);
      assert.ok(!names.includes("memory"), "by words alone it is not found");
    });
    assert.doesNotMatch(words, /by words only/);
    await home.ok(["model", "package", "--onnx", await miniLm(), "me/minilm"]);
    await home.ok(["mcp", "server", "enable", "dockerhub"]);
    await withGateway(home, async (ask, tools) => {
      assert.ok(tools.includes("find-tools"));
      const cases: [query: string, expected: string][] = [
        ["keep notes", "memory"],
        ["what hour is it in Tokyo", "time"],
        ["take a picture of a web page", "puppeteer"],
      ];
      for (const [query, expected] of cases) {
        let best: string[] = [];
        // A search waits a few seconds only; on a slow machine the catalog's vectors are there for a later one.
        while (!best.includes(expected)) {
          best = (await ask("mcp-find", { query })).servers.slice(0, 3).map((s: any) => s.name);
        }
      }
      const { tools: found } = await ask("find-tools", {
        prompt: "make a place that new software can go to",
      });
      const nearest = found.map((tool: any) => tool.name);
      assert.ok(nearest.slice(0, 3).includes("create-repository"), nearest.join(", "));
      assert.equal(found[0].inputSchema.type, "object");
    });
    await home.ok(["mcp", "feature", "disable", "use-embeddings"]);
    await withGateway(home, (_, tools) => Promise.resolve(assert.ok(!tools.includes("find-tools"))));
  },
);
