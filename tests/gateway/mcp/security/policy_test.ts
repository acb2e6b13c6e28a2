/** policy.yaml: what it decides, and where that acts. */
import { deepStrictEqual as equal, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { decide, parsePolicy, type PolicyTarget, targetOf } from "../../../../gateway/mcp/security/policy.ts";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { assembledGateway, programEntry } from "../../../support/mcp/assembled.ts";

const policy = parsePolicy(
  `
rules:
  - {effect: allow, server: git*, tool: [get_*, list_*]}
  - {effect: deny, server: git*, action: invoke, reason: only reading}
  - {effect: deny, image: "*/evil:*"}
  - {effect: deny, host: "*.example.net"}
  - {effect: deny, prompt: "sell_*"}
  - {effect: deny, tool: hidden, action: load}
`,
  "policy.yaml",
);
const hub = parsePolicy("rules: [{effect: deny, image: [mcp/*, alpine]}]", "policy.yaml");
const closed = parsePolicy(
  `{default: deny, rules: [{effect: allow, server: notes, tool: read_*}, {effect: allow, server: docs}]}`,
  "policy.yaml",
);
const decisions: [typeof policy, PolicyTarget, boolean][] = [
  [policy, { action: "invoke", server: "github", tool: "get_issue" }, true],
  [policy, { action: "invoke", server: "GitHub", tool: "LIST_issues" }, true],
  [policy, { action: "invoke", server: "github", tool: "delete_repo" }, false],
  [policy, { action: "load", server: "github" }, true],
  [policy, { action: "load", server: "notes", image: "acme/evil:1" }, false],
  [policy, { action: "load", server: "notes", image: "docker.io/acme/evil:1" }, false],
  [hub, { action: "load", server: "notes", image: "mcp/notes" }, false],
  [hub, { action: "load", server: "notes", image: "docker.io/mcp/notes:1" }, false],
  [
    hub,
    { action: "load", server: "notes", image: `index.docker.io/mcp/notes@sha256:${"0".repeat(64)}` },
    false,
  ],
  [hub, { action: "load", server: "notes", image: "docker.io/library/alpine" }, false],
  [hub, { action: "load", server: "notes", image: "ghcr.io/mcp/notes" }, true],
  [policy, { action: "load", server: "docs", host: "mcp.example.net" }, false],
  [policy, { action: "invoke", server: "docs", tool: "x", host: "mcp.example.com" }, true],
  [policy, { action: "prompt", server: "notes", prompt: "sell_more" }, false],
  [policy, { action: "prompt", server: "notes", prompt: "help" }, true],
  [policy, { action: "load", server: "notes", tool: "hidden" }, false],
  [policy, { action: "invoke", server: "notes", tool: "hidden" }, true],
  [policy, { action: "load", server: "notes" }, true],
  [closed, { action: "load", server: "notes" }, true],
  [closed, { action: "load", server: "notes", tool: "read_all" }, true],
  [closed, { action: "load", server: "notes", tool: "write" }, false],
  [closed, { action: "invoke", server: "notes", tool: "write" }, false],
  [closed, { action: "prompt", server: "notes", prompt: "help" }, false],
  [closed, { action: "prompt", server: "docs", prompt: "help" }, true],
  [closed, { action: "load", server: "other" }, false],
];
for (const [rules, target, allowed] of decisions) {
  const name = rules === policy ? "some denied" : "all denied but some";
  Deno.test(`policy, ${name}: ${JSON.stringify(target)} is ${allowed ? "allowed" : "denied"}`, () => {
    strictEqual(decide(rules, target).allowed, allowed);
  });
}

const entries: [string, ServerEntry, string | undefined, string | undefined, string | undefined][] = [
  ["an image", { name: "s", image: "a/b" }, "t", "a/b", undefined],
  [
    "a tool's own image",
    { name: "s", tools: [{ name: "t", container: { image: "a/t" } }] },
    "t",
    "a/t",
    undefined,
  ],
  [
    "another tool's image",
    { name: "s", tools: [{ name: "u", container: { image: "a/u" } }] },
    "t",
    undefined,
    undefined,
  ],
  ["a host", { name: "s", remote: { url: "https://X.Example:8443/mcp" } }, "t", undefined, "x.example"],
  [
    "a host with a dot at its end",
    { name: "s", sseEndpoint: "https://x.example./sse" },
    "t",
    undefined,
    "x.example",
  ],
];
for (const [what, entry, tool, image, host] of entries) {
  Deno.test(`rules look at ${what}`, () => {
    equal(targetOf({ entry }, "invoke", { tool }), { action: "invoke", server: "s", image, host, tool });
  });
}

Deno.test("a policy that is a link to nowhere allows nothing, and counts as soon as it leads somewhere", async () => {
  await using gateway = await assembledGateway({ servers: ["fixture"] });
  const { names } = await gateway.connect();
  ok((await names()).includes("test_echo"));
  await Deno.mkdir(`${gateway.home}/.docker/mcp`, { recursive: true });
  await Deno.symlink(`${gateway.home}/kept.yaml`, `${gateway.home}/${at}`);
  equal(await names(), []);
  match(gateway.lines.join("\n"), /policy\.yaml is a link that leads nowhere\. Nothing is allowed/);
  await gateway.write("kept.yaml", "rules: []\n");
  ok((await names()).includes("test_echo"));
});

Deno.test("a policy's mistakes are told with their place", () => {
  const mistakes: [string, RegExp][] = [
    ["rules: [{effect: maybe}]", /^SkiffError: p\.yaml: rules\.0\.effect: /],
    ["rules: [{effect: deny, tols: x}]", /^SkiffError: p\.yaml: rules\.0: .*tols/],
    ["default: no", /^SkiffError: p\.yaml: default: /],
    ["a: [", /^SkiffError: p\.yaml: /],
    ["rules: 1", /^SkiffError: p\.yaml: rules: /],
    ["changed_tools: ignore", /^SkiffError: p\.yaml: changed_tools: /],
  ];
  for (const [text, expected] of mistakes) throws(() => parsePolicy(text, "p.yaml"), expected);
});

const at = ".docker/mcp/policy.yaml";
const catalog = { fixture: programEntry(), other: programEntry() };

Deno.test("a server that may not be loaded is not started, and its tools are nowhere", async () => {
  const mark = await Deno.makeTempFile();
  await Deno.remove(mark);
  await using gateway = await assembledGateway({
    catalog: { ...catalog, marked: { type: "local", command: ["touch", mark] } },
    servers: ["fixture", "marked"],
    files: { [at]: "rules: [{effect: deny, server: mark*, action: load, reason: not here}]" },
  });
  const { names, call } = await gateway.connect();
  const listed = await names();
  ok(listed.includes("test_echo"));
  strictEqual((await call("test_echo")).isError, false);
  ok(gateway.lines.includes("! marked is not started: not here"));
  await rejects(Deno.stat(mark), Deno.errors.NotFound);
});

Deno.test("tools and prompts that the policy denies are in no list, and say why when they are wanted", async () => {
  await using gateway = await assembledGateway({
    servers: ["fixture"],
    files: {
      [at]: "rules:\n" +
        "  - {effect: deny, tool: test_echo, reason: not today}\n" +
        "  - {effect: deny, prompt: test_simple_prompt, reason: too simple}\n",
    },
  });
  const { client, names, call } = await gateway.connect();
  ok(!(await names()).includes("test_echo"));
  await rejects(call("test_echo"), /the policy does not allow test_echo: not today/);
  ok(!(await client.listPrompts()).prompts.some(({ name }) => name === "test_simple_prompt"));
  await rejects(
    client.getPrompt({ name: "test_simple_prompt" }),
    /the policy does not allow the prompt test_simple_prompt: too simple/,
  );
  ok(gateway.lines.includes("! Refused a call of test_echo: not today"));
  ok(gateway.lines.includes("! Refused the prompt test_simple_prompt of fixture: too simple"));
});

Deno.test("a policy acts from the moment that it is written", async () => {
  await using gateway = await assembledGateway({ catalog, servers: ["fixture"] });
  ok(gateway.configuration().files.includes(`${gateway.home}/${at}`), "the file is watched");
  const { names, call } = await gateway.connect();
  ok((await names()).includes("test_echo"));
  await gateway.write(at, "rules: [{effect: deny, tool: test_echo}]");
  await rejects(call("test_echo"), /rule 1 of the policy/);
  ok(!(await names()).includes("test_echo"));
  await gateway.write(at, "rules: [{effect: deny, server: fixture}]");
  await gateway.reload();
  equal(await names(), []);
  await Deno.remove(`${gateway.home}/${at}`);
  await gateway.reload();
  strictEqual((await call("test_echo")).isError, false);
});

Deno.test("while the policy cannot be read nothing is allowed, and that is told once", async () => {
  await using gateway = await assembledGateway({ servers: ["fixture"] });
  const { names, call } = await gateway.connect();
  ok((await names()).includes("test_echo"));
  await gateway.write(at, "a: [");
  for (let i = 0; i < 2; i++) await rejects(call("test_echo"), /the policy cannot be read/);
  equal(await names(), []);
  const told = gateway.lines.filter((line) => line.includes("Nothing is allowed until that is right"));
  strictEqual(told.length, 1);
  match(told[0], /^! .*policy\.yaml: /);
});

Deno.test("for `tools ls` refused tools are listed with the reason", async () => {
  await using gateway = await assembledGateway({
    servers: ["fixture"],
    files: { [at]: "rules: [{effect: deny, tool: test_echo, reason: not today}]" },
    settings: { listRefused: true },
  });
  const { client } = await gateway.connect();
  const { tools } = await client.listTools();
  equal(tools.find(({ name }) => name === "test_echo")?._meta, { "skiff/refused": "not today" });
  equal(tools.find(({ name }) => name === "test_level")?._meta, undefined);
});
