/** Connecting and disconnecting in files that hold other things as well. */
import assert from "node:assert/strict";
import { findClient } from "../../../../gateway/mcp/clients/client_files.ts";
import {
  connectClient,
  disconnectClient,
  isGateway,
  profileOf,
  sharedCommand,
} from "../../../../gateway/mcp/clients/connect.ts";
import { listClients } from "../../../../gateway/mcp/clients/list_clients.ts";

const command = { command: "/opt/skiff", args: ["mcp", "gateway", "run"] };

async function withHome(fn: (home: string, place: { env: Env; os: "linux"; cwd: string }) => Promise<void>) {
  const home = await Deno.makeTempDir({ prefix: "skcli-" });
  const env = { get: (name: string) => ({ HOME: home, SKIFF_HOME: `${home}/skiff` })[name] };
  try {
    await Deno.mkdir(`${home}/project/sub`, { recursive: true });
    await Deno.mkdir(`${home}/project/.git`);
    await fn(home, { env, os: "linux", cwd: `${home}/project/sub` });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
type Env = { get(name: string): string | undefined };

const files: { client: string; file: string; before: string; after: string }[] = [
  {
    client: "zed",
    file: ".config/zed/settings.json",
    before:
      `// Zed settings\n{\n  "theme": "One Dark", // dark\n  "context_servers": {\n    "mine": { "command": "x" },\n  },\n}\n`,
    after:
      `// Zed settings\n{\n  "theme": "One Dark", // dark\n  "context_servers": {\n    "mine": { "command": "x" },\n    "MCP_SKIFF": {\n      "source": "custom",\n      "enabled": true,\n      "command": "/opt/skiff",\n      "args": [\n        "mcp",\n        "gateway",\n        "run"\n      ]\n    },\n  },\n}\n`,
  },
  {
    client: "codex",
    file: ".codex/config.toml",
    before: `model = "o"   # mine\r\n\r\n[mcp_servers.other]\r\ncommand = "x"\r\n`,
    after:
      `model = "o"   # mine\r\n\r\n[mcp_servers.other]\r\ncommand = "x"\r\n\r\n[mcp_servers.MCP_SKIFF]\r\ncommand = "/opt/skiff"\r\nargs = [ "mcp", "gateway", "run" ]\r\n`,
  },
  {
    client: "continue",
    file: ".continue/config.yaml",
    before: `name: Mine\nversion: 1.0.0   # first\nmodels:\n  - name: a\n`,
    after:
      `name: Mine\nversion: 1.0.0   # first\nmodels:\n  - name: a\nmcpServers:\n  - name: MCP_SKIFF\n    command: /opt/skiff\n    args:\n      - mcp\n      - gateway\n      - run\n`,
  },
];

for (const { client, file, before, after } of files) {
  Deno.test(`${client}: the entry is put in and taken out, all else stays to the byte`, async () => {
    await withHome(async (home, place) => {
      const path = `${home}/${file}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, before);
      const options = { ...place, global: true, command, name: "MCP_SKIFF" };
      assert.deepEqual(await connectClient(findClient(client), options), {
        path,
        name: "MCP_SKIFF",
        changed: true,
        others: [],
      });
      assert.equal(await Deno.readTextFile(path), after);
      assert.equal(await Deno.readTextFile(`${path}.skiff-backup`), before);
      assert.equal((await connectClient(findClient(client), options)).changed, false);
      const { entries, installed } = (await listClients(place)).find((one) => one.client.name === client)!;
      assert.deepEqual([entries, installed], [["MCP_SKIFF"], true]);
      assert.deepEqual((await disconnectClient(findClient(client), options)).removed, ["MCP_SKIFF"]);
      const rest = (await Deno.readTextFile(path)).replace(/\nmcpServers: *\[\]\n$/, "\n");
      assert.equal(rest.trimEnd(), before.trimEnd());
    });
  });
}

Deno.test("the project's scope is the nearest parent with .git", async () => {
  await withHome(async (home, place) => {
    const options = { ...place, global: false, command, name: "MCP_SKIFF" };
    const { path } = await connectClient(findClient("claude-code"), options);
    assert.equal(path, `${home}/project/.mcp.json`);
    await assert.rejects(() => connectClient(findClient("lmstudio"), options), {
      code: "usage",
      message: "LM Studio has no configuration of a project",
    });
    await assert.rejects(() => connectClient(findClient("cursor"), { ...options, cwd: home }), {
      code: "usage",
      hint: /--global/,
    });
    await assert.rejects(async () => await connectClient(findClient("nope"), options), {
      code: "not_found",
      hint: /claude-desktop, claude-code/,
    });
  });
});

Deno.test("a name that clients could not make names of tools of is refused", async () => {
  await withHome(async (_, place) => {
    for (const name of ["", "with space", "é", "a.b", "x".repeat(41)]) {
      const options = { ...place, global: true, command, name };
      await assert.rejects(() => connectClient(findClient("cursor"), options), { code: "usage" }, name);
    }
  });
});

Deno.test("an entry of Docker's toolkit is told, replaced on demand, and disconnected as well", async () => {
  await withHome(async (home, place) => {
    const path = `${home}/.cursor/mcp.json`;
    const docker = { MCP_DOCKER: { command: "docker", args: ["mcp", "gateway", "run", "--profile", "p"] } };
    const fresh = async () => {
      await Deno.mkdir(`${home}/.cursor`, { recursive: true });
      await Deno.writeTextFile(path, JSON.stringify({ mcpServers: { ...docker, x: { url: "https://x" } } }));
    };
    const options = { ...place, global: true, command, name: "MCP_SKIFF" };
    const cursor = findClient("cursor");
    await fresh();
    const before = (await listClients(place)).find(({ client }) => client.name === "cursor")!;
    assert.deepEqual([before.entries, before.profile], [["MCP_DOCKER"], "p"]);
    assert.deepEqual((await connectClient(cursor, options)).others, ["MCP_DOCKER"]);
    await connectClient(cursor, { ...options, replace: true });
    const names = Object.keys(JSON.parse(await Deno.readTextFile(path)).mcpServers);
    assert.deepEqual(names, ["x", "MCP_SKIFF"]);
    await fresh();
    assert.deepEqual((await disconnectClient(cursor, options)).removed, []);
    assert.deepEqual((await disconnectClient(cursor, { ...place, global: true })).removed, ["MCP_DOCKER"]);
  });
});

Deno.test("a broken file is told with its place, and stays", async () => {
  await withHome(async (home, place) => {
    await Deno.mkdir(`${home}/.cursor`);
    await Deno.writeTextFile(`${home}/.cursor/mcp.json`, `{\n  "mcpServers": {\n    oops\n`);
    await assert.rejects(
      () => connectClient(findClient("cursor"), { ...place, global: true, command }),
      { code: "invalid_input", message: /mcp\.json:3:5: / },
    );
    const { error } = (await listClients(place)).find(({ client }) => client.name === "cursor")!;
    assert.match(error!.error, /mcp\.json:3:5: /);
    assert.deepEqual(Array.from(Deno.readDirSync(`${home}/.cursor`), ({ name }) => name), ["mcp.json"]);
  });
});

Deno.test("a changed profile keeps what a user added to the entry", async () => {
  await withHome(async (home, place) => {
    const path = `${home}/.cursor/mcp.json`;
    const options = { ...place, global: true, command, name: "MCP_SKIFF" };
    await connectClient(findClient("cursor"), options);
    const { mcpServers: { MCP_SKIFF } } = JSON.parse(await Deno.readTextFile(path));
    const own = { env: { HTTP_PROXY: "http://proxy" }, timeout: 600 };
    await Deno.writeTextFile(path, JSON.stringify({ mcpServers: { MCP_SKIFF: { ...MCP_SKIFF, ...own } } }));
    assert.equal((await connectClient(findClient("cursor"), options)).changed, false);
    await connectClient(findClient("cursor"), { ...options, profile: "work" });
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)).mcpServers.MCP_SKIFF, {
      command: command.command,
      args: [...command.args, "--profile", "work"],
      ...own,
    });
  });
});

Deno.test("Continue: a new config.yaml has what it needs, and puts no config.json out of use", async () => {
  await withHome(async (home, place) => {
    const options = { ...place, global: true, command, name: "MCP_SKIFF" };
    const { path } = await connectClient(findClient("continue"), options);
    assert.match(
      await Deno.readTextFile(path),
      /^name: Local Config\nversion: 1\.0\.0\nschema: v1\nmcpServers:\n {2}- name: MCP_SKIFF\n/,
    );
    await Deno.remove(path);
    await Deno.writeTextFile(`${home}/.continue/config.json`, "{}");
    await assert.rejects(() => connectClient(findClient("continue"), options), {
      code: "conflict",
      message: /would no longer read .*config\.json/,
    });
  });
});

Deno.test("in a shared file the program goes by its name where PATH leads to it", async () => {
  await withHome(async (home, { os }) => {
    for (const folder of ["a", "b", "opt"]) await Deno.mkdir(`${home}/${folder}`);
    await Deno.writeTextFile(`${home}/opt/skiff`, "");
    await Deno.writeTextFile(`${home}/b/skiff`, "");
    await Deno.symlink(`${home}/opt/skiff`, `${home}/a/skiff`);
    const own = { command: `${home}/opt/skiff`, args: ["mcp", "gateway", "run"] };
    const cases: [path: string, command: string][] = [
      [`${home}/a:${home}/b`, "skiff"],
      [`${home}/b:${home}/a`, own.command],
      ["/nowhere", own.command],
    ];
    for (const [path, expected] of cases) {
      const env = { get: (name: string) => name === "PATH" ? path : undefined };
      assert.deepEqual(sharedCommand(own, { env, os }), { ...own, command: expected });
    }
  });
});

const gateways: [string[], boolean, string | undefined][] = [
  [["docker", "mcp", "gateway", "run"], true, undefined],
  [["/usr/bin/skiff", "mcp", "gateway", "run", "--profile", "dev"], true, "dev"],
  [["deno", "run", "-A", "main.ts", "mcp", "gateway", "run", "--profile=dev"], true, "dev"],
  [["npx", "mcp-gateway", "run"], false, undefined],
  [["docker", "run", "mcp/fetch"], false, undefined],
];

for (const [[program, ...args], is, profile] of gateways) {
  Deno.test(`${[program, ...args].join(" ")} is ${is ? "a" : "no"} gateway`, () => {
    assert.equal(isGateway({ command: program, args }), is);
    assert.equal(profileOf({ command: program, args }), profile);
  });
}
