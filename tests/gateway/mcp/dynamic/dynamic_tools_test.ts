/** Dynamic tools, by the official SDK's client at a gateway with servers over stdio. */
import assert from "node:assert/strict";
import { assembleGateway } from "../../../../gateway/mcp/gateway/assemble.ts";
import { Client, InMemoryTransport } from "../../../../gateway/mcp/sdk.ts";

const program = new URL("../../../support/mcp/fixture_server.ts", import.meta.url).pathname;

const catalog = {
  registry: {
    fixture: {
      title: "Fixture",
      description: "Answers what tests ask",
      type: "local",
      command: [Deno.execPath(), "run", "-A", "--no-check", "--quiet", program],
      tools: [{ name: "test_simple_text" }],
    },
    notes: {
      title: "Notes",
      description: "Keeps notes in a folder",
      type: "local",
      command: [Deno.execPath(), "run", "-A", "--no-check", "--quiet", program],
      config: [{
        name: "notes",
        type: "object",
        properties: { folder: { type: "string" }, level: { type: "string" } },
        required: ["folder"],
      }],
    },
    locked: {
      title: "Locked",
      description: "Needs a key",
      type: "local",
      command: ["false"],
      secrets: [{ name: "locked.key", env: "KEY" }],
    },
  },
};

async function opened(features: Record<string, string> = {}, servers?: string[]) {
  const home = await Deno.makeTempDir({ prefix: "skiff-dynamic-" });
  await Deno.mkdir(`${home}/.docker/mcp/catalogs`, { recursive: true });
  await Deno.writeTextFile(`${home}/.docker/config.json`, JSON.stringify({ features }));
  await Deno.writeTextFile(`${home}/catalog.yaml`, JSON.stringify(catalog));
  const values: Record<string, string> = {
    HOME: home,
    SKIFF_HOME: `${home}/skiff`,
    PATH: Deno.env.get("PATH")!,
  };
  const env = { get: (name: string) => values[name] };
  const lines: string[] = [];
  const assembled = await assembleGateway({
    configuration: { env, cwd: home, catalogs: [`${home}/catalog.yaml`], servers },
    cpus: 1,
    memory: 2 ** 31,
    blockNetwork: false,
    debugDns: false,
    longLived: false,
    isStatic: false,
    verbose: false,
    strictNames: false,
    logCalls: true,
    blockSecrets: true,
    verifySignatures: false,
    interceptors: [],
    log: (line: string) => lines.push(line),
  });
  return {
    lines,
    async connect() {
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      await assembled.gateway.openSession(theirs);
      const client = new Client({ name: "test", version: "1" });
      await client.connect(ours);
      return {
        client,
        names: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name: string, args: Record<string, unknown>) => {
          const result = await client.callTool({ name, arguments: args }) as any;
          return { text: result.content[0].text as string, isError: result.isError === true };
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await assembled.close();
      await Deno.remove(home, { recursive: true });
    },
  };
}

const own = [
  "code-mode",
  "mcp-activate-profile",
  "mcp-add",
  "mcp-config-set",
  "mcp-create-profile",
  "mcp-exec",
  "mcp-find",
  "mcp-remove",
];

Deno.test("a server is found, added, used, combined and removed, for one session only", async () => {
  await using gateway = await opened();
  const one = await gateway.connect();
  const other = await gateway.connect();
  assert.deepEqual((await one.names()).sort(), own);
  assert.deepEqual((await one.client.listPrompts()).prompts.map(({ name }) => name), ["mcp-discover"]);

  const found = JSON.parse((await one.call("mcp-find", { query: "notes folder" })).text);
  assert.equal(found.prompt, "notes folder");
  assert.equal(found.servers[0].name, "notes");
  assert.deepEqual(Object.keys(found.servers[0]), [
    "name",
    "description",
    "required_secrets",
    "config_schema",
    "long_lived",
  ]);

  const added = await one.call("mcp-add", { name: "fixture" });
  assert.match(added.text, /^Successfully added \d+ tools in server 'fixture'\. /);
  assert.ok((await one.names()).includes("test_simple_text"));
  assert.deepEqual((await other.names()).sort(), own, "the other session has none of it");

  const direct = await one.call("test_simple_text", {});
  assert.deepEqual(await one.call("mcp-exec", { name: "test_simple_text", arguments: "{}" }), direct);

  const made = await one.call("code-mode", { servers: ["fixture"], name: "both" });
  assert.match(made.text, /^Successfully created tool 'code-mode-both'/);
  assert.match(made.text, /function test_simple_text\(args: \{\}\): string;/);
  const script = "return test_simple_text({}) + '|' + test_simple_text({})";
  assert.equal((await one.call("code-mode-both", { script })).text, `${direct.text}|${direct.text}`);
  const byExec = await one.call("mcp-exec", { name: "code-mode-both", arguments: { script: "1" } });
  assert.equal(byExec.text, "<no output>");
  assert.deepEqual(await one.call("code-mode-both", { script: "throw new Error('no')" }), {
    text: "Error running script: Error: no",
    isError: true,
  });
  const logged = gateway.lines.filter((line) => line.startsWith("Calling tool test_simple_text"));
  assert.equal(logged.length, 4, "calls of scripts and of mcp-exec go through the middlewares");

  assert.equal(
    (await one.call("mcp-remove", { name: "fixture" })).text,
    "Successfully removed server 'fixture'.",
  );
  assert.ok(!(await one.names()).includes("test_simple_text"));
});

Deno.test("a server that is not listed is called by mcp-exec", async () => {
  await using gateway = await opened();
  const { names, call } = await gateway.connect();
  await call("mcp-add", { name: "fixture", activate: false });
  assert.deepEqual((await names()).sort(), own);
  assert.equal((await call("mcp-exec", { name: "test_simple_text" })).isError, false);
});

Deno.test("nothing is added without its secrets and its configuration", async () => {
  await using gateway = await opened();
  const { names, call } = await gateway.connect();
  const cases: [name: string, args: Record<string, unknown>, text: RegExp][] = [
    ["mcp-add", { name: "absent" }, /^Error: Server 'absent' not found in catalog/],
    ["mcp-add", { name: "locked" }, /docker mcp secret set locked\.key=<value>/],
    ["mcp-add", { name: "notes" }, /^Error: Server 'notes' is not configured: folder/],
    ["mcp-config-set", { server: "notes", config: { folder: 7 } }, /is not valid: folder[\s\S]*"required"/],
    ["code-mode", { servers: ["notes"], name: "x" }, /^Error: Not in this session: notes/],
    ["mcp-remove", { name: "notes" }, /^Error: Server 'notes' is not in this session/],
    ["mcp-activate-profile", { name: "absent" }, /^Error: There is no profile/],
  ];
  for (const [name, args, text] of cases) {
    const result = await call(name, args);
    assert.equal(result.isError, true, name);
    assert.match(result.text, text);
  }
  for (
    const [name, args] of [["mcp-find", {}], ["mcp-add", {}], ["mcp-remove", { name: "absent" }]] as const
  ) {
    await assert.rejects(call(name, args), /-32602/);
  }
  assert.deepEqual((await names()).sort(), own);
});

Deno.test("a configuration by both forms, and a profile of the session", async () => {
  await using gateway = await opened();
  const { call } = await gateway.connect();
  const whole = await call("mcp-config-set", { server: "notes", config: { folder: "/a" } });
  assert.match(whole.text, /Old: \{\}\nNew: \{"folder":"\/a"\}/);
  const one = await call("mcp-config-set", { server: "notes", key: "level", value: "info" });
  assert.match(one.text, /New: \{"folder":"\/a","level":"info"\}/);
  assert.match((await call("mcp-add", { name: "notes" })).text, /^Successfully added/);
  const kept = await call("mcp-create-profile", { name: "My notes" });
  assert.equal(kept.text, "Successfully created profile 'my-notes' with 1 servers.");
  const later = await gateway.connect();
  const active = await later.call("mcp-activate-profile", { name: "My notes" });
  assert.equal(active.text, "Successfully activated profile 'my-notes'. Added servers: notes.");
  const again = await later.call("mcp-activate-profile", { name: "My notes" });
  assert.match(again.text, /Added servers: none\. Already active: 1\./);
});

Deno.test("off by the feature, and with --servers", async () => {
  for (const [features, servers] of [[{ "dynamic-tools": "disabled" }, undefined], [{}, []]] as const) {
    await using gateway = await opened(features, servers as string[] | undefined);
    const { names, client } = await gateway.connect();
    assert.deepEqual(await names(), []);
    assert.deepEqual((await client.listPrompts()).prompts, []);
  }
});
