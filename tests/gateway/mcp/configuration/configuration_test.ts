/** An existing `~/.docker/mcp` as it is, and changes that leave the rest of it alone. */
import assert from "node:assert/strict";
import { setConfigValue, writeConfig } from "../../../../gateway/mcp/configuration/config_file.ts";
import { loadConfiguration, toolAllowed } from "../../../../gateway/mcp/configuration/configuration.ts";
import { disableServers, enableServers } from "../../../../gateway/mcp/configuration/enable.ts";
import { readFeatures, setFeature } from "../../../../gateway/mcp/configuration/features.ts";
import {
  changeRegistry,
  readRegistry,
  resetRegistry,
} from "../../../../gateway/mcp/configuration/registry_file.ts";
import { nextSteps } from "../../../../gateway/mcp/configuration/server_state.ts";
import { switchTools } from "../../../../gateway/mcp/configuration/switch_tools.ts";
import { readTools } from "../../../../gateway/mcp/configuration/tools_file.ts";
import { withHome } from "../home.ts";

const registry = `# enabled by hand
registry:
  duckduckgo:
    ref: ""   # web
  github-official: {ref: "", x-note: keep}
  gone:
    ref: ""
`;

Deno.test("registry, values, tools, secrets and features of an existing folder come together", async () => {
  await withHome(async ({ env, home, write }) => {
    await write(".docker/mcp/registry.yaml", registry);
    await write(".docker/mcp/config.yaml", "github-official:\n  level: 1\nduckduckgo: {}\n");
    await write(".docker/mcp/tools.yaml", "github-official: [get_me]\nduckduckgo: []\n");
    await write(
      ".docker/mcp/secrets.json",
      `{"secrets": {"github.personal_access_token": "t", "other": "o"}}`,
    );
    await write(".docker/config.json", `{"features": {"dynamic-tools": "disabled", "x": "true"}}`);
    const loaded = await loadConfiguration({ env, cwd: home });
    assert.deepEqual(loaded.servers.map(({ entry }) => entry.name), ["duckduckgo", "github-official"]);
    const [ddg, github] = loaded.servers;
    assert.deepEqual([ddg.tools, github.tools], [[], ["get_me"]]);
    assert.deepEqual(github.config, { level: 1 });
    assert.deepEqual([...github.secrets], [["github.personal_access_token", "t"]]);
    assert.equal(ddg.secrets.size, 0);
    assert.deepEqual(loaded.warnings, [
      `${home}/.docker/mcp/registry.yaml: the server "gone" is in no catalog`,
    ]);
    assert.deepEqual([loaded.features["dynamic-tools"], loaded.features.x], [false, true]);
    assert.ok(loaded.files.includes(`${home}/.docker/mcp/tools.yaml`));
    assert.equal((await loaded.server("time"))?.entry.image, "mcp/time");
    assert.equal(await loaded.server("gone"), undefined);
  });
});

const defaultFile = `id: default
name: Default Profile
servers:
  - type: image
    image: mcp/notes:1
    config: {folder: /n, level: a}
    tools: [add]
    snapshot: {server: {name: notes, type: server, image: "mcp/notes:1", tools: [{name: add}, {name: rm}]}}
  - {type: image, image: mcp/time, snapshot: {server: {name: time, type: server, image: old/time}}}
`;

Deno.test("the profile default, where Docker's toolkit keeps what is enabled, counts beside the registry", async () => {
  await withHome(async ({ env, home, write, place }) => {
    await write(".docker/mcp/profiles/default.yaml", defaultFile);
    await write(".docker/mcp/registry.yaml", "registry: {time: {ref: ''}}\n");
    const load = async (options = {}) => {
      const { servers, files } = await loadConfiguration({ env, cwd: home, ...options });
      return { files, servers: servers.map(({ entry, config, tools }) => [entry.name, config, tools]) };
    };
    const notes = ["notes", { folder: "/n", level: "a" }, ["add"]];
    const { servers, files } = await load();
    assert.deepEqual(servers, [["time", {}, undefined], notes], "of two of one name the registry's counts");
    assert.ok(files.includes(`${home}/.docker/mcp/profiles/default.yaml`), "its changes are looked for");
    await write(".docker/mcp/config.yaml", "notes: {level: b}\n");
    await write(".docker/mcp/tools.yaml", "notes: [rm]\n");
    assert.deepEqual((await load()).servers[1], ["notes", { folder: "/n", level: "b" }, ["rm"]]);
    for (
      const options of [{ servers: ["time"] }, { registry: ["registry.yaml"] }, { config: ["config.yaml"] }]
    ) {
      assert.deepEqual(
        (await load(options)).servers.map(([name]) => name),
        ["time"],
        JSON.stringify(options),
      );
    }
    assert.deepEqual(await disableServers(["time", "notes", "x"], place), {
      missing: ["x"],
      ofProfile: ["time", "notes"],
    });
    await setFeature(place.files, "profiles", false, env);
    assert.deepEqual((await load()).servers, []);
    await setFeature(place.files, "profiles", true, env);
    await write(".docker/mcp/profiles/default.yaml", "id: [\n");
    const broken = await loadConfiguration({ env, cwd: home });
    assert.deepEqual([broken.servers.length, broken.warnings.length], [0, 1]);
  });
});

Deno.test("an empty home is an empty configuration", async () => {
  await withHome(async ({ env, home }) => {
    const { servers, warnings, features } = await loadConfiguration({ env, cwd: home });
    assert.deepEqual([servers, warnings, features["dynamic-tools"]], [[], [], true]);
  });
});

Deno.test("DOCKER_CONFIG moves the folder, unless only ~/.docker/mcp is there", async () => {
  await withHome(async ({ env, home, write, place }) => {
    assert.equal(place.files.registry, `${home}/elsewhere/mcp/registry.yaml`);
    await write(".docker/mcp/registry.yaml", "registry: {time: {}}");
    assert.equal((await loadConfiguration({ env, cwd: home })).servers[0].entry.name, "time");
    await write("elsewhere/mcp/registry.yaml", "registry: {fetch: {}}");
    assert.equal((await loadConfiguration({ env, cwd: home })).servers[0].entry.name, "fetch");
  }, { DOCKER_CONFIG: "~/elsewhere" });
});

Deno.test("--servers, --enable-all-servers, and several files of each kind", async () => {
  await withHome(async ({ env, home, write }) => {
    await write(".docker/mcp/registry.yaml", "registry: {time: {}}");
    await write("r2.yaml", "registry: {fetch: {}}");
    await write("c1.yaml", "time: {zone: A}");
    await write("c2.yaml", "time: {zone: B}");
    await write("s.env", "# mine\ngithub.personal_access_token=from=file\n");
    const only = await loadConfiguration({ env, cwd: home, servers: ["fetch", "fetch"] });
    assert.deepEqual([only.servers.length, only.features["dynamic-tools"]], [1, false]);
    await assert.rejects(() => loadConfiguration({ env, cwd: home, servers: ["nope"] }), {
      code: "not_found",
      message: "server nope not found in catalog",
    });
    const all = await loadConfiguration({
      env,
      cwd: home,
      enableAllServers: true,
      secrets: "./s.env:docker-desktop",
    });
    assert.ok(all.servers.length >= 30);
    const github = all.servers.find(({ entry }) => entry.name === "github-official")!;
    assert.equal(github.secrets.get("github.personal_access_token"), "from=file");
    const merged = await loadConfiguration({
      env,
      cwd: home,
      registry: ["registry.yaml", "./r2.yaml"],
      config: ["./c1.yaml", "./c2.yaml"],
    });
    assert.deepEqual(merged.servers.map(({ entry, config }) => [entry.name, config]), [
      ["time", { zone: "B" }],
      ["fetch", {}],
    ]);
    assert.match(merged.warnings[0], /c2\.yaml has "time" again; this one counts/);
  });
});

const broken: [file: string, text: string, message: RegExp][] = [
  ["registry.yaml", "registry: [a]", /registry\.yaml: "registry" is no mapping/],
  ["registry.yaml", "registry:\n  a: {ref: ''\n  b: {}", /registry\.yaml:\d+:\d+: /],
  ["registry.yaml", "- a\n", /registry\.yaml:1: a mapping is expected/],
  ["config.yaml", "time: [1]", /config\.yaml: the values of "time" are no mapping/],
  ["config.yaml", "time:\n\tzone: A", /config\.yaml:2:\d+: .*tab/i],
  ["tools.yaml", "time: get", /tools\.yaml: the tools of "time" are no list/],
  ["secrets.json", `{"secrets": {"a": 1}}`, /secrets\.json: "secrets" is no mapping of texts/],
];

for (const [file, text, message] of broken) {
  Deno.test(`broken: ${file} with ${JSON.stringify(text)}`, () =>
    withHome(async ({ env, home, write }) => {
      await write(`.docker/mcp/${file}`, text);
      if (file !== "registry.yaml") {
        await write(".docker/mcp/registry.yaml", "registry: {github-official: {}}");
      }
      await assert.rejects(() => loadConfiguration({ env, cwd: home }), { code: "invalid_input", message });
    }));
}

Deno.test("enabling and disabling leaves comments, fields and order of the others; what is gone is pruned", async () => {
  await withHome(async ({ place, write, read }) => {
    await write(".docker/mcp/registry.yaml", registry);
    const { enabled, pruned } = await enableServers(["time", "duckduckgo"], place);
    assert.deepEqual(enabled.map(({ entry, already }) => [entry.name, already]), [["time", false], [
      "duckduckgo",
      true,
    ]]);
    assert.deepEqual(pruned, ["gone"]);
    assert.deepEqual(await disableServers(["duckduckgo", "never"], place), {
      missing: ["never"],
      ofProfile: [],
    });
    assert.equal(
      await read(".docker/mcp/registry.yaml"),
      `# enabled by hand\nregistry:\n  github-official: {ref: "", x-note: keep}\n  time:\n    ref: ""\n`,
    );
    await assert.rejects(() => enableServers(["fetch", "nope"], place), { code: "not_found" });
    await write(".docker/mcp/config.yaml", "time: [1]\n");
    await assert.rejects(() => enableServers(["fetch"], place), { code: "invalid_input" });
    assert.deepEqual(await readRegistry(place.files.registry), ["github-official", "time"]);
    await resetRegistry(place.files.registry, place.env);
    assert.equal(await read(".docker/mcp/registry.yaml"), "# enabled by hand\nregistry: {}\n");
  });
});

Deno.test("what a server needs is told", async () => {
  await withHome(async ({ place }) => {
    const { enabled } = await enableServers(["filesystem", "github-official", "linear", "time"], place);
    assert.deepEqual(enabled.map(({ entry, needs }) => nextSteps(entry, needs)), [
      ["Set a value: skiff mcp config set filesystem.paths=VALUE"],
      [
        "Authorize github-official: skiff mcp oauth authorize github",
        "Or set a secret: skiff mcp secret set github.personal_access_token",
      ],
      ["Authorize linear: skiff mcp oauth authorize linear"],
      [],
    ]);
  });
});

Deno.test("a hundred concurrent changes of the registry: none is lost", async () => {
  await withHome(async ({ place }) => {
    const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
    await Promise.all(
      names.map((name) => changeRegistry(place.files.registry, { enable: [name] }, place.env)),
    );
    assert.deepEqual(new Set(await readRegistry(place.files.registry)), new Set(names));
  });
});

Deno.test("one value is set and removed, the rest of config.yaml stays", async () => {
  await withHome(async ({ place, write, read }) => {
    const path = place.files.config;
    await write(".docker/mcp/config.yaml", "# mine\nnotes:   {folder: /x}\ntime:\n  zone: A # here\n");
    await setConfigValue(path, { server: "time", key: "format.short", value: true }, place.env);
    await setConfigValue(path, { server: "my.server", key: "paths", value: ["/a"] }, place.env);
    assert.equal(
      await read(".docker/mcp/config.yaml"),
      "# mine\nnotes:   {folder: /x}\ntime:\n  zone: A # here\n  format:\n    short: true\nmy_server:\n  paths:\n    - /a\n",
    );
    await setConfigValue(path, { server: "time", key: "format", value: undefined }, place.env);
    assert.match(await read(".docker/mcp/config.yaml"), /zone: A # here\nmy_server/);
    await assert.rejects(() => writeConfig(path, "a: 1", place.env), {
      message: /values of "a" are no mapping/,
    });
  });
});

Deno.test("tools are switched: a missing list is all of them, a complete one goes", async () => {
  await withHome(async ({ place, write }) => {
    await write(".docker/mcp/registry.yaml", "registry: {duckduckgo: {}, fetch: {}, tavily: {}}");
    const lists = async () => Object.fromEntries(await readTools(place.files.tools));
    await switchTools(["fetch_content"], { on: false }, place);
    assert.deepEqual(await lists(), { duckduckgo: ["search"] });
    await switchTools(["duckduckgo:search"], { on: false }, place);
    assert.deepEqual(await lists(), { duckduckgo: [] });
    await switchTools(["search", "fetch_content"], { on: true, server: "duckduckgo" }, place);
    assert.deepEqual(await lists(), {});
    await switchTools(["anything"], { on: true, server: "linear" }, place);
    await assert.rejects(() => switchTools(["nope"], { on: true }, place), { code: "not_found" });
  });
});

const patterns: [patterns: string[], allowed: boolean][] = [
  [[], true],
  [["*"], true],
  [["search"], true],
  [["fetch"], false],
  [["duckduckgo:search"], true],
  [["duckduckgo:*"], true],
  [["other:*"], false],
  [["mcp/duckduckgo:search"], true],
  [["mcp/duckduckgo:*"], true],
];

for (const [list, allowed] of patterns) {
  Deno.test(`--tools ${list.join(",") || "(none)"} ${allowed ? "lets" : "does not let"} the tool Search through`, () => {
    const entry = { name: "DuckDuckGo", image: "mcp/duckduckgo@sha256:00" };
    assert.equal(toolAllowed(list, entry, "Search"), allowed);
  });
}

Deno.test("features: Docker's config.json keeps its log-ins, its layout and its mode", async () => {
  await withHome(async ({ place, write, read }) => {
    await write(
      ".docker/config.json",
      `{\n\t"auths": {"x": {"auth": "c2VjcmV0"}},\n\t"features": {"hooks": "true"}\n}`,
    );
    await Deno.chmod(place.files.dockerConfig, 0o600);
    await setFeature(place.files, "dynamic-tools", false, place.env);
    assert.equal(
      await read(".docker/config.json"),
      `{\n\t"auths": {"x": {"auth": "c2VjcmV0"}},\n\t"features": {"hooks": "true", "dynamic-tools": "disabled"}\n}`,
    );
    assert.equal((await Deno.stat(place.files.dockerConfig)).mode! & 0o777, 0o600);
    assert.equal((await readFeatures(place.files))["dynamic-tools"], false);
    await assert.rejects(() => setFeature(place.files, "nope", true, place.env), { code: "not_found" });
  });
});

Deno.test("in a container: Docker's catalog from its address, secrets from where containers have them", async () => {
  const text = "registry: {notes: {image: acme/notes}, shell: {type: local, command: [sh]}}";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(text));
  const url = `http://127.0.0.1:${server.addr.port}/catalog.yaml`;
  await withHome(async ({ env, home, write }) => {
    const { servers, warnings, files } = await loadConfiguration({ env, cwd: home, servers: ["notes"] });
    assert.deepEqual(servers.map(({ entry }) => entry.image), ["acme/notes"]);
    assert.match(warnings[0], /"shell" is left out/);
    assert.ok(files.includes("/run/secrets/mcp_secret") && files.includes("/.env"));
    await server.shutdown();
    const again = await loadConfiguration({ env, cwd: home, servers: ["notes"] });
    assert.ok(again.warnings.some((line) => line.includes("the copy of the last time is used")));
    await write(".docker/mcp/catalogs/docker-mcp.yaml", "registry: {own: {image: acme/own}}\n");
    const own = await loadConfiguration({ env, cwd: home, servers: ["own"] });
    assert.deepEqual(own.warnings, [], "an imported one is used as it is");
  }, { DOCKER_MCP_IN_CONTAINER: "1", SKIFF_MCP_CATALOG_URL: url });
});

Deno.test("in a container without a network the servers inside of skiff are there, and the rest is told", async () => {
  const variables = {
    DOCKER_MCP_IN_CONTAINER: "1",
    SKIFF_MCP_CATALOG_URL: "http://127.0.0.1:9/catalog.yaml",
  };
  await withHome(async ({ env, home }) => {
    const { servers, warnings } = await loadConfiguration({ env, cwd: home, servers: ["time"] });
    assert.deepEqual([servers.length, warnings.length], [1, 1]);
    assert.match(warnings[0], /"docker-mcp" is left out: Cannot reach/);
  }, variables);
});
