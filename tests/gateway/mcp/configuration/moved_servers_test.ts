/** What newer versions of Docker's toolkit have moved into their database counts there, not in the files it was in. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { stringify } from "yaml";
import { loadConfiguration } from "../../../../gateway/mcp/configuration/configuration.ts";
import { typing } from "../../../cmd/mcp/typing.ts";
import { type TestHome, withHome } from "../home.ts";

const entry = (name: string) => ({
  name,
  type: "server",
  image: `acme/${name}:1`,
  tools: [{ name: "read" }, { name: "write" }],
});

/** The toolkit has moved `notes` and `files`; then the user took `files` out, and changed `notes`. */
async function movedHome({ place, write }: TestHome): Promise<void> {
  const names = ["notes", "files", "own"];
  const registry = Object.fromEntries(names.map((name) => [name, entry(name)]));
  await write(".docker/mcp/catalogs/docker-mcp.yaml", stringify({ name: "docker-mcp", registry }));
  await write(
    ".docker/mcp/registry.yaml",
    'registry:\n  notes: {ref: ""}\n  files: {ref: ""}\n  own: {ref: ""}\n',
  );
  await write(
    ".docker/mcp/config.yaml",
    "# mine\nnotes: {folder: /old}\nfiles: {folder: /all}\nown: {a: 1}\n",
  );
  await write(".docker/mcp/tools.yaml", "notes: [read, write]\nfiles: [read]\n");
  const { registry: enabled, config, tools } = place.files;
  const hourAgo = Date.now() / 1000 - 3600;
  for (const path of [enabled, config, tools]) await Deno.utime(path, hourAgo, hourAgo);
  const database = new DatabaseSync(place.files.database);
  database.exec(`
    create table working_set (id text, name text, servers text, secrets text);
    create table migration_status (id integer primary key, status text, logs text, last_updated datetime);`);
  const logs = ["added server files to profile", "server own not found in old catalog, skipping"];
  database.prepare("insert into migration_status values (1, 'success', ?, datetime('now', '-1 minute'))")
    .run(["added server notes to profile", ...logs, "default profile created with 3 servers"].join("\n"));
  const server = {
    type: "image",
    image: "acme/notes:1",
    config: { folder: "/new" },
    tools: ["read"],
    snapshot: { server: entry("notes") },
  };
  database.prepare("insert into working_set values ('default', 'Default Profile', ?, '{}')")
    .run(JSON.stringify([server]));
  database.close();
}

/** Enabled servers with their values and tools. */
async function enabled({ env, home }: TestHome): Promise<unknown[]> {
  const { servers } = await loadConfiguration({ env, cwd: home });
  return servers.map(({ entry, config, tools }) => [entry.name, config, tools]);
}

const now = ["notes", { folder: "/new" }, ["read"]];
const own = ["own", { a: 1 }, undefined];

const cases: [typed: string[], enabled: unknown[]][] = [
  [[], [own, now]],
  [["server", "enable", "files"], [own, ["files", { folder: "/all" }, ["read"]], now]],
  [["server", "disable", "own"], [now]],
  [["server", "reset"], [now]],
  [["config", "set", "own.a=2"], [["own", { a: 2 }, undefined], now]],
  [["config", "set", "notes.folder=/x"], [own, ["notes", { folder: "/x" }, ["read"]]]],
  [["tools", "disable", "write", "--server", "own"], [["own", { a: 1 }, ["read"]], now]],
  [["tools", "enable", "write", "--server", "notes"], [own, ["notes", { folder: "/new" }, [
    "read",
    "write",
  ]]]],
];

for (const [typed, expected] of cases) {
  Deno.test(`servers that the toolkit has moved are its profile's, after "${typed.join(" ")}", too`, async () => {
    await withHome(async (home) => {
      await movedHome(home);
      if (typed.length > 0) await typing(home)(...typed);
      assert.deepEqual(await enabled(home), expected);
    });
  });
}

Deno.test("what is written into the registry after the move counts", async () => {
  await withHome(async (home) => {
    await movedHome(home);
    const { registry, config, tools } = home.place.files;
    const later = Date.now() / 1000;
    for (const path of [registry, config, tools]) await Deno.utime(path, later, later);
    assert.deepEqual(await enabled(home), [
      ["notes", { folder: "/old" }, ["read", "write"]],
      ["files", { folder: "/all" }, ["read"]],
      own,
    ]);
  });
});

Deno.test("with profiles switched off the files count as they are", async () => {
  await withHome(async (home) => {
    await movedHome(home);
    await typing(home)("feature", "disable", "profiles");
    assert.deepEqual((await enabled(home)).map((one) => (one as unknown[])[0]), ["notes", "files", "own"]);
  });
});

Deno.test("tools of a profile's server are switched from where they are", async () => {
  await withHome(async (home) => {
    await movedHome(home);
    await Deno.remove(home.place.files.registry);
    await Deno.remove(home.place.files.tools);
    await typing(home)("tools", "disable", "read", "--server", "notes");
    assert.equal(await home.read(".docker/mcp/tools.yaml"), "notes: []\n");
  });
});
