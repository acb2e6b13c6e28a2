/** Which secret of this machine is injected, and what the sandbox holds instead. */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { findCredentials, injected } from "../../../../core/sandbox/agents/credentials.ts";
import { findAgent } from "../../../../core/sandbox/agents/mod.ts";

const oauth = JSON.stringify({ claudeAiOauth: { accessToken: "sk-ant-oat01-file" } });

const rows: {
  name: string;
  agent: string;
  variables?: Record<string, string>;
  files?: Record<string, string>;
  /** Provider -> header line and the placeholder's variable. */
  found: Record<string, [header: string, placeholder: string]>;
}[] = [
  { name: "nothing", agent: "claude", found: {} },
  {
    name: "an API key",
    agent: "claude",
    variables: { ANTHROPIC_API_KEY: "sk-1" },
    found: { anthropic: ["x-api-key: sk-1", "ANTHROPIC_AUTH_TOKEN"] },
  },
  {
    name: "a key before a token",
    agent: "claude",
    variables: { CLAUDE_CODE_OAUTH_TOKEN: "t", ANTHROPIC_API_KEY: "sk-1" },
    found: { anthropic: ["x-api-key: sk-1", "ANTHROPIC_AUTH_TOKEN"] },
  },
  {
    name: "a subscription's token",
    agent: "claude",
    variables: { CLAUDE_CODE_OAUTH_TOKEN: "t" },
    found: { anthropic: ["authorization: Bearer t", "CLAUDE_CODE_OAUTH_TOKEN"] },
  },
  {
    name: "a login in a file",
    agent: "claude",
    files: { ".claude/.credentials.json": oauth },
    found: { anthropic: ["authorization: Bearer sk-ant-oat01-file", "CLAUDE_CODE_OAUTH_TOKEN"] },
  },
  { name: "a broken file", agent: "claude", files: { ".claude/.credentials.json": "{" }, found: {} },
  {
    name: "codex's key in its file",
    agent: "codex",
    files: { ".codex/auth.json": '{"OPENAI_API_KEY":"sk-o","tokens":null}' },
    found: { openai: ["authorization: Bearer sk-o", "OPENAI_API_KEY"] },
  },
  {
    name: "codex with a ChatGPT login only",
    agent: "codex",
    files: { ".codex/auth.json": '{"OPENAI_API_KEY":null}' },
    found: {},
  },
  {
    name: "gemini's key",
    agent: "gemini",
    variables: { GOOGLE_API_KEY: "g" },
    found: { google: ["x-goog-api-key: g", "GEMINI_API_KEY"] },
  },
  {
    name: "two services",
    agent: "opencode",
    variables: { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o" },
    found: {
      anthropic: ["x-api-key: a", "ANTHROPIC_AUTH_TOKEN"],
      openai: ["authorization: Bearer o", "OPENAI_API_KEY"],
    },
  },
];

for (const { name, agent, variables = {}, files = {}, found } of rows) {
  Deno.test(`credentials of ${agent}: ${name}`, async () => {
    const home = await Deno.makeTempDir();
    try {
      for (const [path, text] of Object.entries(files)) {
        await Deno.mkdir(`${home}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
        await Deno.writeTextFile(`${home}/${path}`, text);
      }
      const result = await findCredentials(findAgent(agent), { get: (name) => variables[name] }, home);
      const lines = Object.fromEntries(result.map(({ rule, value, placeholder }) => [
        rule.provider,
        [`${rule.header}: ${rule.format.replace("{secret}", value)}`, placeholder],
      ]));
      deepStrictEqual(lines, found);
      ok(result.every(({ rule }) => !JSON.stringify(rule).includes("sk-")), "a rule holds no secret");
      const endpoints = { anthropic: "http://127.0.0.1:3129/anthropic" };
      equal(injected(result, endpoints).length, found.anthropic ? 1 : 0);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}
