/** What each agent is started with: variables, arguments and files, by run. */
import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import type { AgentContext } from "../../../../core/sandbox/agents/agent.ts";
import { tomlValue } from "../../../../core/sandbox/agents/codex.ts";
import { agents, findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { missingBinaryMessage } from "../../../../core/sandbox/entry_script.ts";
import { promptSize } from "../../../../core/sandbox/agents/prompt_size.ts";

const base: AgentContext = {
  workspace: "/src/my project",
  home: "/home/agent",
  interactive: true,
  root: false,
  credentials: "sandbox",
};
const small = {
  name: "ai/smollm2",
  baseUrl: "http://127.0.0.1:12434",
  contextTokens: 8192,
  parameters: 135e6,
};
const large = { ...small, name: "ai/large", contextTokens: 131_072, parameters: 70e9 };
const mcp = { url: "http://127.0.0.1:3130/mcp", tokenVariable: "SKIFF_MCP_TOKEN" };
const injection = ["anthropic", "openai", "google"].map((provider) => ({
  provider,
  baseUrl: `http://127.0.0.1:3129/${provider}`,
  placeholder: {
    anthropic: "ANTHROPIC_AUTH_TOKEN",
    openai: "OPENAI_API_KEY",
    google: "GEMINI_API_KEY",
  }[provider]!,
}));

Deno.test("the documented names", () => {
  deepStrictEqual(agents.map(({ name }) => name), ["claude", "codex", "gemini", "opencode", "shell"]);
  equal(findAgent("claude").template, "docker/sandbox-templates:claude-code");
  equal(findAgent("claude").credentialsVolume, "docker-claude-sandbox-data");
  equal(findAgent("codex").template, "docker/sandbox-templates:codex");
  equal(
    missingBinaryMessage(findAgent("claude").binary),
    "The claude binary was not found in the sandbox; please check this is the correct sandbox for this agent.",
  );
  throws(() => findAgent("clod"), { code: "usage", hint: "Agents: claude, codex, gemini, opencode, shell." });
});

const sizes: [contextTokens: number, parameters: number | undefined, size: string][] = [
  [8192, undefined, "short"],
  [131_072, 1.7e9, "short"],
  [32_768, 8e9, "reduced"],
  [131_072, 8e9, "reduced"],
  [32_768, undefined, "reduced"],
  [131_072, 70e9, "full"],
  [131_072, undefined, "full"],
];
for (const [contextTokens, parameters, size] of sizes) {
  Deno.test(`a model of ${parameters ?? "unknown"} parameters and ${contextTokens} tokens gets a ${size} prompt`, () => {
    equal(promptSize({ ...small, contextTokens, parameters }), size);
  });
}

/** Agent, run, user's arguments -> the whole command. */
const commands: [agent: string, context: Partial<AgentContext>, args: string[], command: string[]][] = [
  ["claude", {}, ["-c"], ["claude", "--dangerously-skip-permissions", "-c"]],
  ["claude", { model: large }, ["-p", "x"], ["claude", "--dangerously-skip-permissions", "-p", "x"]],
  ["gemini", {}, ["-p", "x"], ["gemini", "--yolo", "--skip-trust", "-p", "x"]],
  ["opencode", {}, ["run", "x"], ["opencode", "run", "x"]],
  ["shell", {}, [], ["bash", "-l"]],
  ["shell", {}, ["-c", "ls"], ["bash", "-c", "ls"]],
  ["shell", {}, ["make", "test"], ["make", "test"]],
];
for (const [name, context, args, command] of commands) {
  Deno.test(`${name} ${args.join(" ")}${context.model ? ` on ${context.model.name}` : ""}`, () => {
    deepStrictEqual(findAgent(name).command({ ...base, ...context }, args), command);
  });
}

Deno.test("claude on a small model: few tools, one paragraph, unless the user gives other ones", () => {
  const claude = findAgent("claude");
  const context = { ...base, model: small };
  const command = claude.command(context, ["-p", "x"]);
  deepStrictEqual(command.slice(0, 5), ["claude", "--bare", "--tools", "Bash", "--system-prompt"]);
  deepStrictEqual(command.slice(-3), ["--dangerously-skip-permissions", "-p", "x"]);
  const own = claude.command(context, ["--tools=Read", "--system-prompt", "mine", "-p", "x"]);
  deepStrictEqual(own.slice(0, 4), ["claude", "--bare", "--dangerously-skip-permissions", "--tools=Read"]);
});

/** Agent, run -> variables that must be there; undefined: must not. */
const environments: [
  agent: string,
  context: Partial<AgentContext>,
  variables: Record<string, string | undefined>,
][] = [
  ["claude", {}, {
    CLAUDE_CONFIG_DIR: "/home/agent/.claude",
    ANTHROPIC_BASE_URL: undefined,
    IS_SANDBOX: undefined,
  }],
  ["claude", { root: true, home: "/root" }, { CLAUDE_CONFIG_DIR: "/root/.claude", IS_SANDBOX: "1" }],
  ["claude", { model: small, injection }, {
    ANTHROPIC_BASE_URL: "http://127.0.0.1:12434",
    ANTHROPIC_AUTH_TOKEN: "skiff",
    ANTHROPIC_MODEL: "ai/smollm2",
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: "8192",
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: "2048",
  }],
  ["claude", { injection }, {
    ANTHROPIC_BASE_URL: "http://127.0.0.1:3129/anthropic",
    ANTHROPIC_AUTH_TOKEN: "proxy-managed",
    ANTHROPIC_MODEL: undefined,
  }],
  ["claude", { injection: [{ ...injection[0], placeholder: "CLAUDE_CODE_OAUTH_TOKEN" }] }, {
    CLAUDE_CODE_OAUTH_TOKEN: "proxy-managed",
    ANTHROPIC_AUTH_TOKEN: undefined,
  }],
  ["codex", {}, { CODEX_HOME: "/home/agent/.codex", SKIFF_MODEL_KEY: undefined }],
  ["codex", { injection }, { SKIFF_MODEL_KEY: "proxy-managed", OPENAI_API_KEY: undefined }],
  ["gemini", { injection }, {
    GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:3129/google",
    GEMINI_API_KEY: "proxy-managed",
  }],
  ["opencode", { injection }, { ANTHROPIC_API_KEY: "proxy-managed", OPENAI_API_KEY: "proxy-managed" }],
  ["shell", { model: small }, { OPENAI_BASE_URL: "http://127.0.0.1:12434/v1", OPENAI_API_KEY: "skiff" }],
  ["shell", { injection }, {
    OPENAI_BASE_URL: "http://127.0.0.1:3129/openai/v1",
    OPENAI_API_KEY: "proxy-managed",
  }],
];
for (const [name, context, variables] of environments) {
  Deno.test(`${name}'s variables with ${Object.keys(context).join(", ") || "nothing special"}`, () => {
    const environment = findAgent(name).environment({ ...base, ...context });
    const found = Object.fromEntries(Object.keys(variables).map((key) => [key, environment[key]]));
    deepStrictEqual(found, variables);
  });
}

Deno.test("gemini refuses a local model and says which agents take one", () => {
  throws(() => findAgent("gemini").environment({ ...base, model: small }), {
    code: "unsupported",
    message: "Gemini CLI cannot use a local model",
  });
});

Deno.test("every agent that takes MCP servers gets the gateway, its token by the name of a variable", () => {
  for (const name of ["claude", "codex", "gemini", "opencode"]) {
    const context = { ...base, mcp };
    const agent = findAgent(name);
    const all = JSON.stringify([
      agent.command(context, []),
      agent.environment(context),
      agent.files(context),
    ]);
    ok(all.includes(mcp.url), `${name}: ${all}`);
    ok(all.includes(mcp.tokenVariable), `${name}: ${all}`);
  }
});

Deno.test("settings for one run never lie in the shared volume", () => {
  for (const agent of agents.filter(({ name }) => name !== "gemini")) {
    const plain = agent.files(base).map(({ path }) => path);
    const special = agent.files({ ...base, model: small, mcp, injection }).map(({ path }) => path);
    const added = special.filter((path) => !plain.includes(path));
    ok(added.every((path) => path.startsWith(".skiff/")), `${agent.name}: ${added}`);
  }
});

const logins: [string, object, boolean][] = [
  ["nothing yet", {}, true],
  ["the local model", { model: small }, false],
  ["an injected credential", { injection }, false],
  ["a key of -e", { variables: { ANTHROPIC_API_KEY: "sk-x" } }, false],
  ["the login of this machine", { credentials: "host" }, false],
];
for (const [what, change, asks] of logins) {
  Deno.test(`claude ${asks ? "asks" : "does not ask"} for a log-in where there is ${what}`, () => {
    const state = JSON.stringify(findAgent("claude").files({ ...base, ...change }));
    equal(!state.includes('hasCompletedOnboarding":true'), asks);
  });
}

Deno.test("values of codex's settings are TOML", () => {
  equal(tomlValue({ url: 'http://x/"y"', tries: 2, on: true }), '{url="http://x/\\"y\\"",tries=2,on=true}');
});

const workspaces: [files: Record<string, string>, warnings: number][] = [
  [{}, 0],
  [{ ".claude.json": '{"primaryApiKey": "sk-ant-x"}' }, 1],
  [{ ".claude.json": '{"apiKeyHelper": "/x"}' }, 0],
  [{ ".claude.json": "no json" }, 0],
];
for (const [files, count] of workspaces) {
  Deno.test(`a workspace with ${JSON.stringify(files)} brings ${count} warnings`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
      const warnings = await findAgent("claude").warnings(folder);
      equal(warnings.length, count);
      ok(warnings.every((line) => line.startsWith("Workspace contains API key configuration")));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
