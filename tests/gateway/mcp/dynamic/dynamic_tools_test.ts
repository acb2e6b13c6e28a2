/** Dynamic tools, by the official SDK's client at a gateway with servers over stdio. */
import assert from "node:assert/strict";
import { assembledGateway } from "../../../support/mcp/assembled.ts";

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

/** Ends at once, and says why; with a secret that it has. */
const broken = {
  type: "local",
  command: ["sh", "-c", 'echo "no database at $URL" >&2; exit 3'],
  description: "Breaks",
  secrets: [{ name: "broken.url", env: "URL" }],
};

const opened = (features: Record<string, string> = {}, servers?: string[]) =>
  assembledGateway({ catalog: catalog.registry, features, servers });

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

  const most = JSON.parse((await one.call("mcp-find", { query: "answers notes", limit: "1" })).text);
  assert.deepEqual([most.total_matches, most.servers.length], [2, 1]);
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

Deno.test("a script gets all that a tool says, and is told when its server is gone", async (t) => {
  await using gateway = await opened();
  const { call } = await gateway.connect();
  await call("mcp-add", { name: "fixture" });
  await call("code-mode", { servers: ["fixture"], name: "f" });
  const cases: [tool: string, text: string | RegExp][] = [
    ["test_simple_text", /^This is a simple text/],
    ["test_multiple_content_types", "Multiple content types test:\n{}"],
    ["test_embedded_resource", "This is an embedded resource content."],
    ["test_image_content", "[image image/png]"],
    ["test_audio_content", "[audio audio/wav]"],
    ["test_error_handling", /^Error running script: Error: This tool intentionally returns an error/],
  ];
  for (const [tool, text] of cases) {
    await t.step(tool, async () => {
      const said = (await call("code-mode-f", { script: `return ${tool}({})` })).text;
      if (typeof text === "string") assert.equal(said, text);
      else assert.match(said, text);
    });
  }
  await call("mcp-remove", { name: "fixture" });
  const gone = await call("code-mode-f", { script: "return test_simple_text({})" });
  assert.deepEqual(gone, {
    text:
      "Error running script: Error: The server 'fixture' is no longer in this session. Add it with mcp-add.",
    isError: true,
  });
});

Deno.test("a server that is not listed is called by mcp-exec", async () => {
  await using gateway = await opened();
  const { names, call } = await gateway.connect();
  for (const activate of [false, "false"]) {
    await call("mcp-add", { name: "fixture", activate });
    assert.deepEqual((await names()).sort(), own);
  }
  assert.equal((await call("mcp-exec", { name: "test_simple_text" })).isError, false);
});

Deno.test("a client has the new tools before mcp-add answers", async () => {
  await using gateway = await assembledGateway({
    catalog: catalog.registry,
    settings: { patience: { listMs: 600_000, catchUpMs: 600_000 } },
  });
  const order: string[] = [];
  const { names, call } = await gateway.connect({
    prepare(client) {
      client.fallbackNotificationHandler = async ({ method }) => {
        if (method !== "notifications/tools/list_changed") return;
        const { tools } = await client.listTools();
        order.push(`${tools.some(({ name }) => name === "test_simple_text")}`);
      };
    },
  });
  await names();
  await call("mcp-add", { name: "fixture" });
  order.push("answer");
  assert.deepEqual(order, ["true", "answer"]);
});

Deno.test("who does not fetch the tools that it was told of is answered all the same", async () => {
  await using gateway = await opened();
  const told = Promise.withResolvers<void>();
  const { names, call } = await gateway.connect({
    prepare(client) {
      client.fallbackNotificationHandler = () => Promise.resolve(told.resolve());
    },
  });
  await names();
  assert.match((await call("mcp-add", { name: "fixture" })).text, /^Successfully/);
  await told.promise;
  assert.match((await call("mcp-remove", { name: "fixture" })).text, /^Successfully/);
});

Deno.test("what is asked of one server at once is done in turn", async () => {
  await using gateway = await opened();
  const { names, call } = await gateway.connect();
  const first = call("mcp-add", { name: "fixture" });
  const starting = () => gateway.lines.some((line) => /^- fixture: runs as a command/.test(line));
  while (!starting()) await new Promise((resolve) => setTimeout(resolve, 1));
  const answers = await Promise.all([
    first,
    call("mcp-add", { name: "fixture" }),
    call("mcp-config-set", { server: "fixture", config: { a: 1 } }),
    call("mcp-add", { name: "fixture" }),
  ]);
  assert.deepEqual(answers.map(({ isError }) => isError), [false, false, false, false], answers[0].text);
  assert.ok((await names()).includes("test_simple_text"));
});

Deno.test("nothing is added without its secrets and its configuration", async () => {
  await using gateway = await opened();
  const { names, call } = await gateway.connect();
  const cases: [name: string, args: Record<string, unknown>, text: RegExp][] = [
    ["mcp-add", { name: "absent" }, /^Error: Server 'absent' not found in catalog/],
    ["mcp-add", { name: "locked" }, /skiff mcp secret set locked\.key=<value>/],
    ["mcp-add", { name: "notes" }, /^Error: Server 'notes' is not configured: folder/],
    ["mcp-config-set", { server: "notes", config: { folder: 7 } }, /is not valid: folder[\s\S]*"required"/],
    ["code-mode", { servers: ["notes"], name: "x" }, /^Error: Not in this session: notes/],
    ["mcp-remove", { name: "notes" }, /^Error: Server 'notes' is not in this session/],
    ["mcp-activate-profile", { name: "absent" }, /^Error: There is no profile/],
    ["mcp-create-profile", { name: "empty" }, /^Error: This session has no servers/],
    ["mcp-create-profile", { name: "日本" }, /^Error: '日本' cannot be the name of a profile/],
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

Deno.test("a server that does not start says why, without its secrets", async () => {
  await using gateway = await assembledGateway({
    catalog: { broken },
    secrets: { "broken.url": "postgres://me:correct-horse-battery@db" },
  });
  const { call } = await gateway.connect();
  const { text, isError } = await call("mcp-add", { name: "broken" });
  assert.equal(isError, true);
  assert.match(text, /^Error: Server 'broken' could not be added: .*; it wrote: no database at /);
  assert.doesNotMatch(text, /correct-horse/);
  const [said] = gateway.lines.filter((line) => line.includes("can't start"));
  assert.match(said, /it wrote: no database at /);
  assert.doesNotMatch(said, /correct-horse/);
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
  assert.equal(
    kept.text,
    "Successfully created profile 'My notes' (ID: my-notes) with 1 servers:\n\n1. notes - configured",
  );
  assert.match(
    (await call("mcp-create-profile", { name: "My notes" })).text,
    /^Successfully updated profile/,
  );
  const later = await gateway.connect();
  const active = await later.call("mcp-activate-profile", { name: "My notes" });
  assert.equal(active.text, "Successfully activated profile 'my-notes'. Added servers: notes.");
  const again = await later.call("mcp-activate-profile", { name: "My notes" });
  assert.match(again.text, /Added servers: none\. Already active: 1\./);
});

Deno.test("values are checked against the schema before anything is changed", async (t) => {
  await using gateway = await opened();
  const { call } = await gateway.connect();
  const cases: [name: string, args: Record<string, unknown>, text: RegExp][] = [
    ["a required one is missing", { config: { level: "x" } }, /^Error: .* is not valid: folder: /],
    ["a wrong type", { config: { folder: ["/a"] } }, /is not valid: folder: .*string/],
    ["a wrong type of one value", { key: "folder", value: 1 }, /is not valid: folder: /],
    ["JSON as text", { config: '{"folder": "/a"}' }, /^Successfully set/],
    [
      "one more value",
      { key: "level", value: "info" },
      /Old: \{"folder":"\/a"\}\nNew: \{"folder":"\/a","level":"info"\}/,
    ],
    ["all values are replaced", { config: { folder: "/b" } }, /New: \{"folder":"\/b"\}/],
    ["below the server's name", { config: { notes: { folder: "/c" } } }, /New: \{"folder":"\/c"\}/],
    ["a key behind it", { key: "notes.folder", value: "/d" }, /New: \{"folder":"\/d"\}/],
    ["a path", { key: "more.deep", value: 1 }, /New: \{"folder":"\/d","more":\{"deep":1\}\}/],
    ["one more on it", { key: "notes.more.far", value: 2 }, /"more":\{"deep":1,"far":2\}\}/],
  ];
  for (const [name, args, text] of cases) {
    await t.step(
      name,
      async () => assert.match((await call("mcp-config-set", { server: "notes", ...args })).text, text),
    );
  }
  for (const args of [{}, { config: 7 }, { key: "folder" }, { value: 1 }]) {
    await assert.rejects(
      call("mcp-config-set", { server: "notes", ...args }),
      /-32602/,
      JSON.stringify(args),
    );
  }
});

Deno.test("Claude Code: profiles.json of the project is active from the start, and written", async () => {
  await using gateway = await opened();
  const path = `${gateway.home}/profiles.json`;
  const remote = { name: "docs", type: "remote", remote: { url: "http://127.0.0.1:9/mcp" } };
  const shared = { servers: [{ type: "remote", endpoint: remote.remote.url, snapshot: { server: remote } }] };
  const command = { name: "shell", type: "local", command: catalog.registry.fixture.command };
  const bad = { id: "bad", name: "bad", servers: [{ type: "local", snapshot: { server: command } }] };
  await Deno.writeTextFile(
    path,
    `{\n  // of the team\n  "Team": ${JSON.stringify(shared)},\n  "bad": ${JSON.stringify(bad)}\n}\n`,
  );
  const named = (line: RegExp) => gateway.lines.filter((one) => line.test(one)).length;

  const other = await gateway.connect({ name: "another client" });
  assert.deepEqual((await other.names()).sort(), own);
  assert.equal(named(/profile/i), 0, "only Claude Code has profiles of a project");

  const { call } = await gateway.connect({ name: "claude-code" });
  // It is activated beside the first requests; a turn of the event loop each.
  while (named(/profile 'team'/i) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(named(/^! The profile 'bad' of this project is not used: it runs a command/), 1);
  const refused = await call("mcp-activate-profile", { name: "bad" });
  assert.match(refused.text, /^Error: The profile "bad" runs a command of this machine: shell/);

  await call("mcp-add", { name: "fixture" });
  assert.match(
    (await call("mcp-create-profile", { name: "bad" })).text,
    /^Successfully created profile 'bad'/,
  );
  const text = await Deno.readTextFile(path);
  assert.match(text, /^\{\n {2}\/\/ of the team\n/);
  const written = JSON.parse(text.replace(/\/\/.*/, ""));
  assert.deepEqual(Object.keys(written), ["Team", "bad"]);
  assert.deepEqual([written.bad.id, written.bad.servers], ["bad", []], "commands are not the project's");

  const later = await gateway.connect({ name: "claude-code" });
  assert.match(
    (await later.call("mcp-activate-profile", { name: "bad" })).text,
    /Successfully activated profile 'bad'/,
  );
});

Deno.test("off by the feature, and with --servers", async () => {
  for (const [features, servers] of [[{ "dynamic-tools": "disabled" }, undefined], [{}, []]] as const) {
    await using gateway = await opened(features, servers as string[] | undefined);
    const { names, client } = await gateway.connect();
    assert.deepEqual(await names(), []);
    assert.deepEqual((await client.listPrompts()).prompts, []);
  }
});
