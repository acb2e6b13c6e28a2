/** The real codex, claude, gemini, opencode and Continue's cn read what `client connect` wrote. */
import assert from "node:assert/strict";
import { findClient } from "../../../../gateway/mcp/clients/client_files.ts";
import { connectClient, disconnectClient } from "../../../../gateway/mcp/clients/connect.ts";
import { claudeBinary, codexBinary, type Desk, withDesk } from "../../../support/coding_agents.ts";
import { type ClientProgram, clientProgram } from "../../../support/mcp/client_programs.ts";
import { realTest } from "../../../support/parts.ts";

/** Stands for the gateway: only whether clients find and start it is asked here. */
const server = new URL("../../../support/stdio_mcp_server.ts", import.meta.url).pathname;
const command = {
  command: Deno.execPath(),
  args: ["run", "-A", "--quiet", "--no-check", server, "mcp", "gateway", "run"],
};

/** What it printed; with `env` also what it printed on stderr. */
async function say(
  program: string,
  args: string[],
  { home, workspace }: Desk,
  env?: Record<string, string>,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: workspace,
    clearEnv: true,
    env: {
      HOME: home,
      PATH: "/usr/local/bin:/usr/bin:/bin",
      DISABLE_TELEMETRY: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      ...env,
    },
    stdin: "null",
  }).output();
  return [stdout, ...(env ? [stderr] : [])].map((bytes) => new TextDecoder().decode(bytes)).join("");
}

function placeOf({ home, workspace }: Desk) {
  const env = { get: (name: string) => ({ HOME: home, SKIFF_HOME: `${home}/skiff` })[name] };
  return { env, os: "linux" as const, cwd: workspace, command, name: "MCP_SKIFF" };
}

realTest("codex lists the gateway beside what was there", codexBinary, async (codex) => {
  await withDesk(async (desk) => {
    await Deno.mkdir(`${desk.home}/.codex`);
    const config = `${desk.home}/.codex/config.toml`;
    await Deno.writeTextFile(config, `# mine\n[mcp_servers.other]\ncommand = "true"\n`);
    await connectClient(findClient("codex"), { ...placeOf(desk), global: true });
    const listed = JSON.parse(await say(codex, ["mcp", "list", "--json"], desk));
    const ours = listed.find(({ name }: { name: string }) => name === "MCP_SKIFF");
    assert.equal(listed.length, 2);
    assert.deepEqual([ours.enabled, ours.transport.type], [true, "stdio"]);
    assert.deepEqual([ours.transport.command, ours.transport.args], [command.command, command.args]);
    assert.match(await Deno.readTextFile(config), /^# mine\n/);
  });
});

for (const scope of ["user", "project"] as const) {
  realTest(`claude lists the gateway of the ${scope} and connects`, claudeBinary, async (claude) => {
    await withDesk(async (desk) => {
      await Deno.mkdir(`${desk.workspace}/.git`);
      await Deno.writeTextFile(`${desk.home}/.claude.json`, `{"numStartups": 1, "projects": {}}`);
      const { path } = await connectClient(findClient("claude-code"), {
        ...placeOf(desk),
        global: scope === "user",
      });
      assert.equal(path, scope === "user" ? `${desk.home}/.claude.json` : `${desk.workspace}/.mcp.json`);
      const listed = await say(claude, ["mcp", "list"], desk);
      assert.match(listed, /MCP_SKIFF: .*mcp gateway run/);
      if (scope === "user") assert.match(listed, /MCP_SKIFF.*(✓|✔) Connected/);
      assert.match(await say(claude, ["mcp", "get", "MCP_SKIFF"], desk), /Type: stdio/);
      assert.equal(JSON.parse(await Deno.readTextFile(`${desk.home}/.claude.json`)).numStartups >= 1, true);
    });
  });
}

const others: { name: ClientProgram; args: string[]; env: Record<string, string>; says: RegExp }[] = [
  {
    name: "gemini",
    args: ["mcp", "list"],
    env: { GEMINI_CLI_TRUST_WORKSPACE: "true" },
    says: /✓ MCP_SKIFF: .* mcp gateway run \(stdio\) - Connected/,
  },
  { name: "opencode", args: ["mcp", "list"], env: {}, says: /✓ MCP_SKIFF .*connected/ },
  // It has no list: what it lacks is a model, and nothing in its configuration.
  { name: "continue", args: ["-p", "hi"], env: {}, says: /"message":"No model specified/ },
];

for (const { name, args, env, says } of others) {
  const project = name !== "continue"; // of a project its editors read, cn does not
  realTest(`${name} reads what was connected`, () => clientProgram(name), async ([program, ...script]) => {
    await withDesk(async (desk) => {
      await Deno.mkdir(`${desk.workspace}/.git`);
      for (const global of project ? [true, false] : [true]) {
        const options = { ...placeOf(desk), global };
        await connectClient(findClient(name), options);
        assert.match(await say(program, [...script, ...args], desk, env), says);
        await disconnectClient(findClient(name), options);
        assert.doesNotMatch(await say(program, [...script, ...args], desk, env), /MCP_SKIFF/);
      }
    });
  });
}
