/** Profiles: files, those of Docker's toolkit, values and tools, and what a gateway makes of them. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { loadConfiguration } from "../../../../gateway/mcp/configuration/configuration.ts";
import { createProfile } from "../../../../gateway/mcp/profiles/create_profile.ts";
import {
  getValue,
  setValue,
  switchAllTools,
  switchTool,
  withoutServers,
  withServers,
} from "../../../../gateway/mcp/profiles/edit_profile.ts";
import {
  parseProfile,
  profileId,
  profileText,
  refuseCommands,
  serverName,
} from "../../../../gateway/mcp/profiles/profile.ts";
import {
  addProfile,
  changeProfile,
  listProfiles,
  readProfile,
  removeProfile,
} from "../../../../gateway/mcp/profiles/profile_store.ts";
import { serversOf } from "../../../../gateway/mcp/profiles/server_uri.ts";
import { withHome } from "../home.ts";

/** As Docker's toolkit exports one. */
const exported = `# for work
version: 1
id: dev-tools
name: Dev tools
x-kept: yes
secrets: {default: {provider: docker-desktop-store}}
servers:
  - {type: image, image: "mcp/notes:1", config: {folder: /x}, secrets: default, tools: [add_note], snapshot: {server: {name: notes, type: server, image: mcp/notes, secrets: [{name: notes.key, env: KEY}]}}}
  - {type: remote, endpoint: "https://docs.example.com/mcp", secrets: default, tools: null, snapshot: {server: {name: docs, type: remote, remote: {url: "https://docs.example.com/mcp"}}}}
  - {type: image, image: "mcp/time@sha256:00"}
  - {type: registry, source: "https://registry.example/v0/servers/unknown"}
`;

Deno.test("a profile as Docker's toolkit exports it is what the gateway runs", async () => {
  await withHome(async ({ env, home, write }) => {
    await write(".docker/mcp/profiles/dev-tools.yaml", exported);
    await write(".docker/mcp/secrets.json", `{"secrets": {"notes.key": "k"}}`);
    const { servers, warnings, files } = await loadConfiguration({ env, cwd: home, profile: "dev-tools" });
    assert.deepEqual(
      servers.map((
        { entry, config, tools, secrets },
      ) => [entry.name, entry.image, config, tools, secrets.size]),
      [
        ["notes", "mcp/notes:1", { folder: "/x" }, ["add_note"], 1],
        ["docs", undefined, {}, undefined, 0],
        ["time", "mcp/time@sha256:00", {}, undefined, 0],
      ],
    );
    assert.match(warnings[0], /"unknown" of the profile "dev-tools" is in no catalog/);
    assert.ok(files.includes(`${home}/.docker/mcp/profiles/dev-tools.yaml`));
    await assert.rejects(
      () => loadConfiguration({ env, cwd: home, profile: "dev-tools", servers: ["fetch"] }),
      {
        code: "usage",
        message: "--profile cannot be combined with --servers",
      },
    );
    await assert.rejects(() => loadConfiguration({ env, cwd: home, profile: "nope" }), {
      code: "not_found",
      hint: "Profiles: dev-tools.",
    });
  });
});

Deno.test("changes keep comments and unknown fields of the file", async () => {
  await withHome(async ({ place, write, read }) => {
    await write(".docker/mcp/profiles/dev-tools.yaml", exported);
    await changeProfile("dev-tools", (profile) => {
      setValue(profile, "notes.level.deep", 3);
      switchTool(profile, "notes.add_note", false);
      switchAllTools(profile, "docs", false);
      return profile;
    }, place);
    const text = await read(".docker/mcp/profiles/dev-tools.yaml");
    assert.match(text, /^# for work\nversion: 1\nid: dev-tools\nname: Dev tools\nx-kept: yes\n/);
    const profile = await readProfile("dev-tools", place);
    assert.deepEqual(getValue(profile, "notes.level.deep"), 3);
    assert.deepEqual(profile.servers.map(({ tools }) => tools), [[], [], undefined, undefined]);
    assert.deepEqual(parseProfile(profileText(profile, "p.json"), "p.json"), profile);
  });
});

Deno.test("profiles in the toolkit's database are listed; a change makes a file that counts", async () => {
  await withHome(async ({ place, write }) => {
    await write(".docker/mcp/catalog.json", "{}");
    const database = new DatabaseSync(place.files.database);
    database.exec("create table working_set (id text primary key, name text, servers text, secrets text)");
    const servers = [{
      type: "image",
      image: "mcp/time",
      snapshot: { server: { name: "time", image: "mcp/time" } },
    }, {
      type: "image",
      image: "x",
      snapshot: { server: { name: "sly", type: "local", command: ["touch", "/tmp/x"] } },
    }];
    database.prepare("insert into working_set values (?, ?, ?, ?)").run(
      "old",
      "Old",
      JSON.stringify(servers),
      "{}",
    );
    database.close();
    assert.deepEqual((await listProfiles(place)).map(({ profile, origin }) => [profile.id, origin]), [[
      "old",
      "toolkit",
    ]]);
    await assert.rejects(() => removeProfile("old", place), { code: "forbidden" });
    const warnings: string[] = [];
    await listProfiles(place, warnings);
    assert.deepEqual(warnings, ['The server "sly" of the profile "old" is left out: it is a command']);
    const entries = await serversOf("catalog://skiff/fetch", place);
    await changeProfile("old", (profile) => withServers(profile, entries), place);
    const [{ profile, origin }] = await listProfiles(place);
    assert.deepEqual([origin, profile.servers.map(serverName)], ["file", ["time", "fetch"]]);
  });
});

Deno.test("a broken database or file is a warning, the others are listed", async () => {
  await withHome(async ({ place, write }) => {
    await write(
      ".docker/mcp/mcp-toolkit.db",
      "no database at all, but long enough to be looked at".repeat(40),
    );
    await write(".docker/mcp/profiles/bad.yaml", "id: [1\n");
    await write(".docker/mcp/profiles/good.yaml", "id: good\nservers: []\n");
    const warnings: string[] = [];
    assert.deepEqual((await listProfiles(place, warnings)).map(({ profile }) => profile.id), ["good"]);
    assert.match(warnings[0], /Cannot read .*mcp-toolkit\.db/);
    assert.match(warnings[1], /bad\.yaml:\d+:\d+/);
  });
});

Deno.test("made of servers and templates; conflicts and unknown servers leave nothing behind", async () => {
  await withHome(async ({ place }) => {
    const { id, servers } = await createProfile({
      name: "My Work!",
      servers: ["time", "catalog://skiff/fetch+git"],
    }, place);
    assert.deepEqual([id, servers.map(serverName)], ["my-work", ["time", "fetch", "git"]]);
    await assert.rejects(() => createProfile({ name: "my work" }, place), { code: "conflict" });
    await assert.rejects(() => createProfile({ name: "b", servers: ["nope"] }, place), { code: "not_found" });
    await assert.rejects(() => createProfile({ template: "ai-coding", servers: ["time"] }, place), {
      code: "usage",
    });
    await assert.rejects(() => createProfile({}, place), { code: "usage", hint: "Add --name NAME." });
    assert.equal((await createProfile({ template: "ai-coding" }, place)).id, "ai-coding");
    assert.deepEqual((await listProfiles(place)).map(({ profile }) => profile.id), ["ai-coding", "my-work"]);
    const profile = await readProfile("my-work", place);
    assert.deepEqual(withoutServers(profile, ["fetch"]).servers.map(serverName), ["time", "git"]);
    assert.throws(() => withoutServers(profile, ["x"]), { code: "not_found" });
    await removeProfile("my-work", place);
    await assert.rejects(() => removeProfile("my-work", place), { code: "not_found" });
  });
});

const uris: [uri: string, error: Record<string, unknown>][] = [
  ["ftp://x", { code: "usage" }],
  ["catalog://skiff/nope", { code: "not_found" }],
  ["catalog://nope/fetch", { code: "not_found" }],
  ["file:///etc/passwd", { code: "forbidden" }],
  ["file://../../outside.yaml", { code: "forbidden" }],
  ["file://./link.yaml", { code: "forbidden" }],
];

for (const [uri, error] of uris) {
  Deno.test(`refused: ${uri}`, () =>
    withHome(async ({ home, place, write }) => {
      await write("outside.yaml", "{name: x, image: y}");
      await write(".docker/mcp/catalogs/own.yaml", "{name: own, image: y}");
      await Deno.symlink(`${home}/outside.yaml`, `${place.files.catalogs}/link.yaml`);
      await assert.rejects(() => serversOf(uri, place), error);
      assert.equal((await serversOf("file://./own.yaml", place))[0].name, "own");
    }));
}

Deno.test("ids are made of names", () => {
  assert.deepEqual(["Dev tools", "A  B__C", "-x-"].map(profileId), ["dev-tools", "a-b-c", "x"]);
  assert.throws(() => profileId("!!"), { code: "usage" });
});

Deno.test("a profile of somebody else starts no command of this machine", () => {
  const profile = (type: string) =>
    parseProfile(
      JSON.stringify({
        id: "p",
        servers: [{ type, snapshot: { server: { name: "x", type, command: ["sh"], image: "i" } } }],
      }),
      "f",
    );
  assert.throws(() => refuseCommands(profile("local")), {
    code: "forbidden",
    message: /runs a command.*: x/,
  });
  refuseCommands(profile("server"));
});

Deno.test("an id cannot lead out of the folder", async () => {
  await withHome(async ({ place }) => {
    assert.throws(() => parseProfile(`{"id": "../x", "servers": []}`, "f"), { code: "invalid_input" });
    await addProfile(parseProfile(`{"id": "ok"}`, "f"), place);
    await assert.rejects(() => readProfile("../../secrets", place), { code: "not_found" });
  });
});
