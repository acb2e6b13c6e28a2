/** An existing `~/.docker` of Docker's toolkit is used as it is, and what skiff does not know survives its changes. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { loadConfiguration } from "../../../gateway/mcp/configuration/configuration.ts";
import { type TestHome, withHome } from "../../gateway/mcp/home.ts";
import { databaseVersions, pythonWithSqlite, writeToolkitHome } from "../../support/mcp/toolkit_home.ts";
import { realTest } from "../../support/parts.ts";
import { typing } from "./typing.ts";

type Type = ReturnType<typeof typing>;

/** A home of the toolkit; afterwards its database is what it was to the byte. */
function toolkitTest(
  name: string,
  fn: (home: TestHome, type: Type, files: Record<string, string>) => Promise<void>,
) {
  realTest(name, pythonWithSqlite, async (python) => {
    await withHome(async (home) => {
      const files = await writeToolkitHome(home.home, python);
      const database = await Deno.readFile(home.place.files.database);
      await fn(home, typing(home), files);
      assert.deepEqual(await Deno.readFile(home.place.files.database), database);
    });
  });
}

toolkitTest(
  "servers, values, tools, features, catalogs and profiles are what the toolkit says",
  async (home, type) => {
    const { env } = home;
    const { servers, warnings, features } = await loadConfiguration({ env, cwd: home.home });
    assert.deepEqual(servers.map(({ entry, config, tools }) => [entry.name, config, tools]), [
      ["notes", { folder: "/home/me/notes", level: "debug" }, ["add_note"]],
      ["own", {}, undefined],
    ]);
    assert.equal(features["dynamic-tools"], false);
    assert.deepEqual(warnings.map((line) => line.replace(home.home, "")), [
      '/.docker/mcp/mcp-toolkit.db (mcp/docker-mcp-catalog:latest): the server "unknown" is left out: nothing describes it',
    ]);
    const listed = JSON.parse((await type("server", "ls", "--json")).out);
    assert.deepEqual(listed.map((s: Record<string, string>) => [s.name, s.secrets, s.config]), [
      ["notes", "required", "done"],
      ["own", "none", "none"],
    ]);
    assert.match((await type("catalog", "ls")).out, /mcp\/docker-mcp-catalog:latest +Docker MCP Catalog +3 /);
    assert.match((await type("profile", "ls")).out, /dev_tools +Dev tools +notes, docs +toolkit/);
  },
);

for (const version of databaseVersions) {
  realTest(
    `a database after migration ${version} gives its profiles and catalogs`,
    pythonWithSqlite,
    async (python) => {
      await withHome(async (home) => {
        await writeToolkitHome(home.home, python, version);
        const type = typing(home);
        const catalogs = (await type("catalog", "ls")).out;
        if (version === 1) assert.doesNotMatch(catalogs, /docker-mcp-catalog/);
        else assert.match(catalogs, version < 5 ? /-catalog:latest .* 2 / : /-catalog:latest .* 3 /);
        const { servers, warnings } = await loadConfiguration({
          env: home.env,
          cwd: home.home,
          profile: "dev_tools",
        });
        const names = version === 1 ? ["notes"] : ["notes", "docs"];
        assert.deepEqual(servers.map(({ entry }) => entry.name), names, warnings.join("\n"));
        assert.deepEqual(servers[0].tools, ["add_note"]);
      });
    },
  );
}

toolkitTest(
  "a catalog whose name is no file's name is found where the toolkit keeps it",
  async (home, type) => {
    for (const name of ["Our Tools", "our tools"]) {
      assert.match((await type("catalog", "show", name)).out, /theirs +server/);
    }
    assert.match((await type("server", "enable", "theirs")).out, /Enabled theirs/);
    await home.write("team.yaml", "name: Our Tools\nregistry: {a: {image: b}}\n");
    assert.match(
      (await type("catalog", "import", `${home.home}/team.yaml`)).err,
      /"Our Tools" already, made here/,
    );
    await type("catalog", "create", "New Tools");
    assert.match(await home.read(".docker/mcp/catalogs/new tools.yaml"), /name: New Tools/);
  },
);

toolkitTest("the database's catalog is shown by its reference, in the toolkit's form", async (_, type) => {
  for (const word of ["mcp/docker-mcp-catalog", "docker.io/mcp/docker-mcp-catalog:latest"]) {
    const { out } = await type("catalog", "show", word, "--format", "json");
    const { ref, source, title, digest, servers } = JSON.parse(out);
    assert.deepEqual(
      [ref, source, title, digest],
      [
        "mcp/docker-mcp-catalog:latest",
        "oci:mcp/docker-mcp-catalog:latest",
        "Docker MCP Catalog",
        `sha256:${"b".repeat(64)}`,
      ],
    );
    assert.deepEqual(servers.map(({ snapshot }: any) => snapshot.server.name), ["docs", "notes", "obsidian"]);
    assert.equal(servers[0].snapshot.server["x-new-field"].of.length, 3);
  }
  const made = await type(
    "profile",
    "create",
    "--name",
    "Writing",
    "--server",
    "catalog://mcp/docker-mcp-catalog/obsidian+note*",
  );
  assert.equal(made.out, "Created profile writing with 2 servers\n");
});

toolkitTest(
  "a profile of the database runs, and a change of it makes a file that has everything",
  async (home, type) => {
    const run = async (id: string) =>
      (await loadConfiguration({ env: home.env, cwd: home.home, profile: id })).servers
        .map(({ entry, config, tools }) => [entry.name, config, tools]);
    const before = [["notes", { folder: "/work" }, ["add_note"]], ["docs", {}, undefined]];
    assert.deepEqual(await run("dev_tools"), before);
    assert.deepEqual(await run("dev-tools"), before, "dashes and underscores are one in ids");
    const said = await type("profile", "config", "dev_tools", "--set", "notes.level=trace");
    assert.equal(said.code, 0, said.err);
    const profile = parse(await home.read(".docker/mcp/profiles/dev-tools.yaml"));
    assert.deepEqual([profile.id, profile.servers[0].config], ["dev_tools", {
      folder: "/work",
      level: "trace",
    }]);
    assert.equal(profile.servers[0].catalog_ref, "mcp/docker-mcp-catalog:latest");
    assert.equal(profile.servers[0].snapshot.server.toolsUrl.startsWith("https://"), true);
    assert.deepEqual(profile.servers[1].snapshot.server["x-new-field"], { of: ["a", "later", "version"] });
    assert.match((await type("profile", "ls")).out, /dev_tools +Dev tools +notes, docs +file/);
  },
);

toolkitTest("for programs everything has the fields of Docker's toolkit", async (home, type) => {
  const json = async (...words: string[]) => JSON.parse((await type(...words, "--format", "json")).out);
  const [profile] = await json("profile", "ls");
  assert.deepEqual(
    [profile.id, profile.servers[0].catalogRef, profile.servers[0].catalog_ref],
    ["dev_tools", "mcp/docker-mcp-catalog:latest", undefined],
  );
  assert.match(
    (await type("profile", "show", "dev_tools", "--format", "yaml")).out,
    /catalog_ref: mcp\/docker/,
  );
  const listed = await json("profile", "server", "ls", "-f", "name=NOTE");
  assert.deepEqual(listed.map(({ id, servers }: any) => [id, servers.length]), [["dev_tools", 1]]);
  assert.deepEqual((await json("template", "ls"))[0].server_names, ["context7", "sequentialthinking"]);
  assert.equal(
    (await json("catalog", "ls")).catalogs["mcp/docker-mcp-catalog:latest"].displayName,
    "Docker MCP Catalog",
  );
  const file = `${home.home}/exported.json`;
  await type("profile", "export", "dev_tools", file);
  assert.match(await Deno.readTextFile(file), /"catalogRef": "mcp\/docker/);
  await type("profile", "import", file);
  assert.match(await home.read(".docker/mcp/profiles/dev-tools.yaml"), /catalog_ref: mcp\/docker/);
});

toolkitTest("changes leave everything else to the byte", async (home, type, files) => {
  const steps: [words: string[], file: string, change: (text: string) => string][] = [
    [
      ["server", "enable", "docs"],
      "mcp/registry.yaml",
      (text) => `${text}  docs:\n    ref: ""\n`,
    ],
    [
      ["server", "disable", "docs"],
      "mcp/registry.yaml",
      (text) => text.replace('  docs:\n    ref: ""\n', ""),
    ],
    [["config", "set", "notes.level=info"], "mcp/config.yaml", (text) => text.replace("debug", "info")],
    [["tools", "enable", "list_notes", "--server", "notes"], "mcp/tools.yaml", () => ""],
    [
      ["feature", "enable", "dynamic-tools"],
      "config.json",
      (text) => text.replace('"dynamic-tools": "disabled"', '"dynamic-tools": "enabled"'),
    ],
    [
      ["catalog", "server", "rm", "team", "own"],
      "mcp/catalogs/team.yaml",
      () => "# of the team\nregistry: {}\n",
    ],
  ];
  for (const [words, file, change] of steps) {
    const before = await home.read(`.docker/${file}`);
    const said = await type(...words);
    assert.equal(said.code, 0, `${words.join(" ")}: ${said.err}`);
    assert.equal((await home.read(`.docker/${file}`)).trim(), change(before).trim(), words.join(" "));
  }
  for (const file of ["mcp/catalog.json", "mcp/catalogs/docker-mcp.yaml"]) {
    assert.equal(await home.read(`.docker/${file}`), files[file], file);
  }
});

toolkitTest("a backup of all of it brings it back", async (home, type, files) => {
  const dumped = await type("config", "dump");
  const backup = JSON.parse(dumped.out);
  assert.deepEqual(Object.keys(backup), ["config", "registry", "catalog", "catalogFiles", "tools"]);
  assert.equal(backup.catalogFiles["docker-mcp"], files["mcp/catalogs/docker-mcp.yaml"]);
  await home.write("backup.json", dumped.out);
  await type("server", "reset");
  await type("config", "reset");
  await type("catalog", "create", "later");
  await type("catalog", "rm", "team");
  await type("tools", "disable", "list_notes", "add_note", "--server", "notes");
  assert.equal((await type("config", "restore", `${home.home}/backup.json`)).code, 0);
  for (const [file, text] of Object.entries(files)) {
    assert.equal(await home.read(`.docker/${file}`), text, file);
  }
  assert.deepEqual(
    Array.from(Deno.readDirSync(`${home.home}/.docker/mcp/catalogs`), ({ name }) => name).sort(),
    ["docker-mcp.yaml", "our tools.yaml", "team.yaml"],
  );
  const broken = await type("config", "restore", "/dev/null");
  assert.equal(broken.code, 1);
  assert.equal(await home.read(".docker/mcp/registry.yaml"), files["mcp/registry.yaml"]);
});
