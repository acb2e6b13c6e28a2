/**
 * The real codex and claude, connected by `client connect`, start this gateway, offer the tools of the enabled
 * servers to their model, and call one. The model is a script.
 */
import assert from "node:assert/strict";
import { selfCommand } from "../../../../core/process/self.ts";
import { findClient } from "../../../../gateway/mcp/clients/client_files.ts";
import { connectClient } from "../../../../gateway/mcp/clients/connect.ts";
import type { ChatRequest, GenerationEvent, GenerationRequest } from "../../../../inference/chat/request.ts";
import { claudeBinary, codexBinary, type Desk, withDesk } from "../../../support/coding_agents.ts";
import { realTest } from "../../../support/parts.ts";
import { ScriptedHost, scriptedUsage, textEvents } from "../../../support/scripted_host.ts";
import { scriptedService } from "../../../support/scripted_service.ts";

const model = "ai/smollm2";
const denoFolder = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;

const mostWaits = 100;

/**
 * Calls the tool once, then tells what it said. Agents ask their model before their servers have started: until
 * the tool is among those offered it adds its server, or does what takes a moment, and is asked anew. A client that
 * does not hear of the new tool calls it with mcp-exec.
 */
async function* caller({ prompt }: GenerationRequest): AsyncGenerator<GenerationEvent> {
  const { messages, tools = [] } = (prompt as { chat: ChatRequest }).chat;
  const told = messages.filter(({ role }) => role === "tool").map(({ content }) => JSON.stringify(content));
  const said = told.find((content) => content.includes("the secret is"));
  const tool = tools.find(({ name }) => name.endsWith("tell_secret"));
  const wait = waits.find(({ name }) => tools.some((one) => one.name === name));
  const isAdded = told.some((content) => content.includes("Successfully added"));
  const own = tools.find(({ name }) => (isAdded ? /mcp.exec$/ : /mcp.add$/).test(name));
  const call = said
    ? undefined
    : tool
    ? { name: tool.name, arguments: "{}" }
    : own
    ? { name: own.name, arguments: JSON.stringify({ name: isAdded ? "tell_secret" : "teller" }) }
    : wait;
  if (!call || told.length > mostWaits) {
    yield* textEvents({ prompt, sampling: {} }, [`Said: ${said ?? "nothing"}`]);
    return;
  }
  yield { type: "start", promptTokens: 9, cachedTokens: 4 };
  const toolCall = { index: 0, id: `call_${told.length}`, ...call };
  yield { type: "delta", index: 0, toolCall };
  yield { type: "end", index: 0, finishReason: "tool_calls" };
  yield { type: "usage", usage: scriptedUsage };
}

/** What the agents have to pass the time with. */
const waits = [
  { name: "WaitForMcpServers", arguments: "{}" },
  { name: "exec_command", arguments: JSON.stringify({ cmd: "sleep 0.2" }) },
];

/** A home with one server in a catalog of its own. */
async function furnish({ home }: Desk, enabled: boolean): Promise<void> {
  const program = new URL("../../../support/stdio_mcp_server.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--no-config", program];
  const env = [{ name: "DENO_DIR", value: denoFolder }];
  await Deno.mkdir(`${home}/.docker/mcp/catalogs`, { recursive: true });
  const write = (file: string, value: unknown) =>
    Deno.writeTextFile(`${home}/.docker/mcp/${file}`, JSON.stringify(value));
  await write("catalog.json", { catalogs: { mine: {} } });
  await write("catalogs/mine.yaml", { registry: { teller: { type: "local", command, env } } });
  await write("registry.yaml", { registry: enabled ? { teller: { ref: "" } } : {} });
}

function gateway() {
  const { program, args } = selfCommand(["mcp", "gateway", "run"]);
  return { command: program, args, env: { DENO_DIR: denoFolder } };
}

async function connect(name: string, { home, workspace }: Desk): Promise<void> {
  const env = { get: (variable: string) => ({ HOME: home, SKIFF_HOME: `${home}/skiff` })[variable] };
  const place = { env, os: "linux" as const, cwd: workspace };
  await connectClient(findClient(name), { ...place, global: true, name: "MCP_SKIFF", command: gateway() });
}

async function run(program: string, args: string[], env: Record<string, string>, { home, workspace }: Desk) {
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: workspace,
    clearEnv: true,
    env: { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const agents = [
  {
    name: "codex",
    /** Whether it fetches the tools again when the gateway says that they have changed. */
    isTold: false,
    client: "codex",
    needs: codexBinary,
    async ask(program: string, url: string, desk: Desk) {
      await Deno.mkdir(`${desk.home}/.codex`);
      await Deno.writeTextFile(
        `${desk.home}/.codex/config.toml`,
        `model = "${model}" # ours\nmodel_provider = "skiff"\n[model_providers.skiff]\nname = "skiff"\n` +
          `base_url = "${url}/v1"\nenv_key = "SKIFF_KEY"\nwire_api = "responses"\nrequest_max_retries = 0\n`,
      );
      await connect("codex", desk);
      const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
      return await run(program, ["exec", ...flags, "Tell the secret."], { SKIFF_KEY: "unused" }, desk);
    },
  },
  {
    name: "claude",
    isTold: true,
    client: "claude-code",
    needs: claudeBinary,
    async ask(program: string, url: string, desk: Desk) {
      await connect("claude-code", desk);
      return await run(program, ["-p", "Tell the secret.", "--dangerously-skip-permissions"], {
        ANTHROPIC_BASE_URL: `${url}/anthropic`,
        ANTHROPIC_AUTH_TOKEN: "unused",
        ANTHROPIC_API_KEY: "unused",
        ANTHROPIC_MODEL: model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        CLAUDE_CODE_MAX_RETRIES: "0",
        DISABLE_AUTOUPDATER: "1",
        DISABLE_TELEMETRY: "1",
        ENABLE_TOOL_SEARCH: "false",
        IS_SANDBOX: "1",
      }, desk);
    },
  },
];

const situations = [
  { name: "the gateway's tools reach its model, and a call comes through", enabled: true },
  { name: "its model adds a server and calls its tool in the next step", enabled: false },
];

for (const agent of agents) {
  for (const { name, enabled } of situations) {
    realTest(`${agent.name}: ${name}`, agent.needs, async (program) => {
      const host = new ScriptedHost(caller);
      const service = await scriptedService(host);
      try {
        await withDesk(async (desk) => {
          await furnish(desk, enabled);
          const said = await agent.ask(program, service.url, desk);
          const chats = host.requests.map(({ prompt }) => (prompt as { chat: ChatRequest }).chat);
          const names = chats.flatMap(({ tools = [] }) => tools.map(({ name }) => name));
          assert.equal(
            names.some((name) => /MCP_SKIFF.*tell_secret$/i.test(name)),
            enabled || agent.isTold,
            `${[...new Set(names)]}\n${said}`,
          );
          assert.match(said, /the secret is a word/);
        });
      } finally {
        await service.close();
      }
    });
  }
}
