/** Catalogs: reading what is there, importing, making, changing, and the order in which they count. */
import assert from "node:assert/strict";
import { readEmbedded } from "../../../../gateway/mcp/catalog/catalog_source.ts";
import { parseCatalog, parseServer } from "../../../../gateway/mcp/catalog/catalog_text.ts";
import * as catalogs from "../../../../gateway/mcp/catalog/catalogs.ts";
import { loadCatalogs, openCatalog } from "../../../../gateway/mcp/catalog/load_catalogs.ts";
import { serverType } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { resolveTemplate } from "../../../../gateway/mcp/catalog/template.ts";
import { withHome } from "../home.ts";

const team = `# the team's
name: Team Tools
displayName: Team
x-owner: ops # kept
registry:
  notes: # ours
    description: Notes
    image: acme/notes
    x-cost: 3
  fetch:
    image: acme/fetch
`;

Deno.test("the embedded catalog: every entry is whole, its templates resolve, its secrets are its own", () =>
  withHome(async ({ env }) => {
    const { servers, problems } = await readEmbedded(env);
    assert.deepEqual(problems, []);
    assert.ok(servers.size >= 30);
    for (const entry of servers.values()) {
      assert.ok(entry.title && entry.description && serverType(entry), entry.name);
      const texts = [
        ...(entry.command ?? []),
        ...(entry.volumes ?? []),
        ...(entry.env ?? []).map(({ value }) => value),
      ];
      for (const text of texts) {
        resolveTemplate(text, {});
        const path = /\{\{\s*([^.|}\s]+)\./.exec(text)?.[1];
        if (path) assert.equal(path, entry.name, `${entry.name}: ${text}`);
      }
      for (const { name } of entry.secrets ?? []) assert.match(name, /^[a-z0-9-]+\.[a-z0-9_]+$/);
    }
    assert.equal(servers.get("dockerhub")!.secrets![0].name, "dockerhub.pat_token");
  }));

const kinds: [entry: string, type: string | undefined][] = [
  ["image: a/b", "server"],
  ["remote: {url: https://x}", "remote"],
  ["sseEndpoint: https://x/sse", "remote"],
  ["tools: [{name: t, container: {image: a}}]", "poci"],
  ["{type: local, command: [x]}", "local"],
];

for (const [entry, type] of kinds) {
  Deno.test(`${entry} is a ${type}`, () => {
    assert.equal(serverType(parseServer(entry, "s", "f")), type);
  });
}

const wrong: [entry: string, problem: RegExp][] = [
  ["nothing", /no mapping/],
  ["{description: x}", /no image, no remote address/],
  ["{image: a, command: run}", /"command" is no list/],
  ["{image: a, volumes: [{a: b}]}", /"volumes" is no list of texts/],
  ["{image: a, env: [A=1]}", /"env" is no list of mappings/],
  ["{image: [a]}", /"image" is no text/],
  ["{image: a, secrets: [{env: A}]}", /one of its secrets or providers has no name/],
  ["{image: a, oauth: {providers: {a: b}}}", /"oauth.providers" is no list/],
  ["{image: a, oauth: {providers: [null]}}", /has no name/],
  ["{image: a, secrets: [{name: 'a; curl evil | sh', env: A}]}", /"a; curl evil \| sh" cannot be a name/],
  ["{image: a, oauth: {providers: [{provider: $(x)}]}}", /"\$\(x\)" cannot be a name/],
];

for (const name of ["a`b`", "a\nb", "\u001b[31m", "$HOME", "a\u202eb", ""]) {
  Deno.test(`a server that is called ${JSON.stringify(name)} is left out and told`, () => {
    const text = JSON.stringify({
      registry: { [name]: { image: "x" }, "Io.github.a/b_c-1 @2": { image: "y" } },
    });
    const { servers, problems } = parseCatalog(text, "c", "c.json");
    assert.deepEqual([...servers.keys()], ["Io.github.a/b_c-1 @2"]);
    assert.deepEqual(problems, [
      `c.json: the server ${JSON.stringify(name)} is left out: ${JSON.stringify(name)} cannot be a name`,
    ]);
  });
}

for (const [entry, problem] of wrong) {
  Deno.test(`a wrong entry is left out and told: ${entry}`, () => {
    const { servers, problems } = parseCatalog(`registry: {good: {image: x}, bad: ${entry}}`, "c", "c.yaml");
    assert.deepEqual([...servers.keys()], ["good"]);
    assert.match(problems[0], /^c\.yaml: the server "bad" is left out: /);
    assert.match(problems[0], problem);
  });
}

Deno.test("JSON catalogs are read as YAML ones", () => {
  const { servers } = parseCatalog(`{"registry": {"a": {"image": "x", "x-y": 1}}}`, "c", "c.json");
  assert.deepEqual(servers.get("a"), { name: "a", image: "x", "x-y": 1 });
});

Deno.test("a catalog is imported under its own name, counts over the embedded one, and is removed", async () => {
  await withHome(async ({ place, write, read }) => {
    await write("team.yaml", team);
    assert.deepEqual(await catalogs.importCatalog("team.yaml", place, { dryRun: true }), {
      name: "team tools",
      servers: 2,
      problems: [],
    });
    assert.equal((await loadCatalogs(place)).servers.has("notes"), false);
    await catalogs.importCatalog("team.yaml", place);
    assert.equal(await read(".docker/mcp/catalogs/team tools.yaml"), team);
    const list = JSON.parse(await read(".docker/mcp/catalog.json"));
    assert.equal(list.catalogs["team tools"].displayName, "Team");
    const loaded = await loadCatalogs(place);
    assert.equal(loaded.servers.get("fetch")!.image, "acme/fetch");
    assert.equal(loaded.origin.get("fetch"), "team tools");
    assert.equal(loaded.servers.get("notes")!["x-cost"], 3);
    await write("team.yaml", team.replace("acme/notes", "acme/notes:2"));
    assert.deepEqual((await catalogs.updateCatalogs(undefined, place)).map(({ name }) => name), [
      "team tools",
    ]);
    assert.equal((await loadCatalogs(place)).servers.get("notes")!.image, "acme/notes:2");
    await catalogs.removeCatalog("team tools", place);
    assert.equal((await loadCatalogs(place)).servers.get("fetch")!.image, "mcp/fetch");
  });
});

Deno.test("an address: fetched, and its last copy when it is away", async () => {
  await withHome(async ({ place }) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(team));
    const url = `http://127.0.0.1:${server.addr.port}/c.yaml`;
    const warnings: string[] = [];
    await openCatalog(url, place, { files: [], warnings });
    assert.equal((await catalogs.importCatalog(url, place)).name, "team tools");
    await server.shutdown();
    const { servers } = await openCatalog(url, place, { files: [], warnings });
    assert.equal(servers.size, 2);
    assert.match(warnings[0], /copy of the last time/);
    const [failed] = await catalogs.updateCatalogs(undefined, place);
    assert.match(failed.problems[0], /Cannot reach/);
    await assert.rejects(() => catalogs.importCatalog("http://example.test/c.yaml", place), {
      message: /not encrypted/,
    });
  });
});

Deno.test("own catalogs: made, forked with comments, filled; comments and unknown fields stay", async () => {
  await withHome(async ({ place, write, read }) => {
    await write("team.yaml", team);
    await catalogs.importCatalog("team.yaml", place);
    await catalogs.createCatalog("mine", place);
    await catalogs.addServer("mine", "notes", { path: "team.yaml" }, place);
    await assert.rejects(() => catalogs.addServer("mine", "notes", { path: "team.yaml" }, place), {
      code: "conflict",
      hint: "Add --force to replace it.",
    });
    await catalogs.addServer("mine", "notes", { path: "team.yaml", force: true }, place);
    assert.match(await read(".docker/mcp/catalogs/mine.yaml"), /x-cost: 3/);
    await catalogs.forkCatalog("team tools", "fork", place);
    const fork = await read(".docker/mcp/catalogs/fork.yaml");
    assert.match(fork, /^# the team's\nname: fork\n/);
    assert.match(fork, /x-owner: ops # kept/);
    assert.match(fork, /notes: # ours/);
    await catalogs.exportCatalog("fork", "out.yaml", place);
    assert.equal(await read("out.yaml"), fork);
    await catalogs.bootstrapCatalog("start.yaml", place);
    const { servers } = parseCatalog(await read("start.yaml"), "s", "start.yaml");
    assert.deepEqual([...servers.keys()], ["dockerhub", "curl"]);
    await catalogs.resetCatalogs(place);
    assert.deepEqual(Array.from(Deno.readDirSync(place.files.catalogs)), []);
  });
});

const refusals: [
  name: string,
  work: (place: catalogs.CatalogPlace) => Promise<unknown>,
  error: Record<string, unknown>,
][] = [
  ["remove Docker's", (place) => catalogs.removeCatalog("docker-mcp", place), { code: "forbidden" }],
  ["export Docker's", (place) => catalogs.exportCatalog("docker-mcp", "f", place), { code: "forbidden" }],
  ["create one named as skiff's", (place) => catalogs.createCatalog("skiff", place), { code: "forbidden" }],
  ["remove what is not there", (place) => catalogs.removeCatalog("x", place), { code: "not_found" }],
  ["import what is not there", (place) => catalogs.importCatalog("x.yaml", place), { code: "not_found" }],
  ["update what is not there", (place) => catalogs.updateCatalogs("x", place), { code: "not_found" }],
  ["show what is not there", (place) => openCatalog("x", place), { code: "not_found" }],
];

for (const [name, work, error] of refusals) {
  Deno.test(`refused: ${name}`, () => withHome(({ place }) => assert.rejects(() => work(place), error)));
}

Deno.test("a broken configured catalog is a warning with its place; the others count", async () => {
  await withHome(async ({ place, write }) => {
    await write(".docker/mcp/catalog.json", `{"catalogs": {"bad": {}, "gone": null}}`);
    await write(".docker/mcp/catalogs/bad.yaml", "registry:\n  a: [1, 2\n");
    const { servers, warnings } = await loadCatalogs(place);
    assert.ok(servers.has("fetch"));
    assert.match(warnings[0], /catalog "bad" is left out: .*bad\.yaml:\d+:\d+: /);
    assert.match(warnings[1], /"gone" has no file/);
  });
});

for (const name of ["", "..", "../../etc/passwd", "/tmp/x", "a/../b", "a\\b", "a\nb", "a\u001b[31m"]) {
  Deno.test(`${JSON.stringify(name)} is no name for a catalog of one's own`, () =>
    withHome(async ({ place }) => {
      await assert.rejects(catalogs.createCatalog(name, place), {
        code: "usage",
        message: `${JSON.stringify(name)} cannot be the name of a catalog`,
      });
      await assert.rejects(Deno.stat(place.files.catalogs), Deno.errors.NotFound);
    }));
}
