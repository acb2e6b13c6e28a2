/** What mcp-find finds, in which order: by words, and by meaning with an embedding function. */
import assert from "node:assert/strict";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { findServers } from "../../../../gateway/mcp/dynamic/find_servers.ts";
import { meaningOf } from "../../../../gateway/mcp/dynamic/meaning.ts";

const entries: ServerEntry[] = [
  { name: "postgres", title: "PostgreSQL", description: "Read-only access to a relational database" },
  {
    name: "sqlite",
    title: "SQLite",
    description: "Queries of a database in a file",
    tools: [{ name: "query" }],
  },
  { name: "alpha", description: "Sends mail" },
  { name: "beta", description: "Sends mail" },
  { name: "deutsch", description: "Übersetzungen" },
  { name: "weather", description: "Forecasts", metadata: { tags: ["climate"] } },
];
const options = { signal: new AbortController().signal, log: () => {} };

const cases: [query: string, names: string[]][] = [
  ["postgres", ["postgres"]],
  ["sqlite query", ["sqlite"]],
  ["relational", ["postgres"]],
  ["MAIL mail", ["alpha", "beta"]], // equal: by name; a word counts once
  ["climate", ["weather"]],
  ["fore", ["weather"]], // the beginning of a word
  ["query", ["sqlite"]], // the name of a tool
  ["unheard", []],
  ["what is a relational store for you", ["postgres"]], // the other words are in every question
  ["of", ["sqlite"]], // unless there are only such: sqlite has "of" in its description
  ["Which MCP servers forecast", ["weather"]], // all of them are MCP servers
  ["relational databases", ["postgres", "sqlite"]], // the singular
  ["queries", ["sqlite"]],
  ["SQ lite", ["sqlite"]], // two words that are one
  ["Übersetzung", ["deutsch"]], // letters are not only English ones
];

Deno.test("servers by words", async (t) => {
  for (const [query, names] of cases) {
    await t.step(query, async () => {
      const found = await findServers(query, entries, options);
      assert.deepEqual(found.map(({ name }) => name), names);
    });
  }
});

Deno.test("servers by meaning: a word that none has; vectors are kept", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const asked: string[][] = [];
    /** Axes: storage, mail, weather. */
    const embed = (texts: string[]) => {
      asked.push(texts);
      return Promise.resolve(
        texts.map((text) =>
          [/database|sql|store/i, /mail|letter/i, /forecast|rain/i].map((p) => p.test(text) ? 1 : 0)
        ),
      );
    };
    const find = async (query: string) =>
      (await findServers(query, entries, { ...options, meaning: meaningOf({ model: "m", embed }, folder) }))
        .map(({ name }) => name);
    assert.deepEqual(await find("letters"), ["alpha", "beta"]);
    assert.deepEqual(await find("rain"), ["weather"]);
    assert.equal(asked.length, 3, "the catalog once, then the queries");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("how near is near enough is told by the catalog, whatever the model calls unrelated", async (t) => {
  for (const [name, usual] of [["around 0", 0], ["around 0.6", 0.6]] as const) {
    await t.step(name, async () => {
      const cosine: Record<string, number> = {
        postgres: usual + 0.3,
        sqlite: usual + 0.25,
        weather: usual + 0.05,
      };
      const nearness = (_: string, texts: string[]) =>
        Promise.resolve(texts.map((text) => {
          const found = entries.find((entry) => text.startsWith(`${entry.title ?? entry.name}:`))!;
          return cosine[found.name] ?? usual;
        }));
      const found = await findServers("unheard", entries, { ...options, meaning: { nearness } });
      assert.deepEqual(found.map(({ name }) => name), ["postgres", "sqlite"]);
    });
  }
  const nearness = (_: string, texts: string[]) => Promise.resolve(texts.map((_, i) => i * 0.03));
  assert.deepEqual(await findServers("unheard", entries, { ...options, meaning: { nearness } }), []);
});

Deno.test("a search does not wait for a slow model; what it embeds is there for the next", async () => {
  const release = Promise.withResolvers<void>();
  const embed = async (texts: string[]) => {
    await release.promise;
    return texts.map((text) => /mail|letter/i.test(text) ? [1, 0] : [0, 1]);
  };
  const meaning = meaningOf({ model: "slow", embed });
  const lines: string[] = [];
  const slow = { ...options, meaning, patience: 1, log: (line: string) => lines.push(line) };
  assert.deepEqual((await findServers("letters", entries, slow)).length, 0);
  assert.match(lines[0], /by words only: the catalog is being embedded/);
  assert.equal(meaning.behind, true, "the next one waits less");
  release.resolve();
  const found = await findServers("letters", entries, { ...options, meaning });
  assert.deepEqual(found.map(({ name }) => name), ["alpha", "beta"]);
  assert.equal(meaning.behind, false);
});

Deno.test("a word of many counts less than what is meant, all of them count as much", async () => {
  const nearness = (_: string, texts: string[]) =>
    Promise.resolve(
      texts.map((text) => text.startsWith("weather") ? 0.9 : text.startsWith("alpha") ? 0.8 : 0),
    );
  const cases: [query: string, names: string[]][] = [
    ["will my database get wet outside tomorrow", ["weather", "alpha", "postgres", "sqlite"]],
    ["database file", ["sqlite", "weather", "alpha", "postgres"]],
  ];
  for (const [query, names] of cases) {
    const found = await findServers(query, entries, { ...options, meaning: { nearness } });
    assert.deepEqual(found.map(({ name }) => name), names, query);
  }
});

Deno.test("an embedding model that fails leaves the words", async () => {
  const meaning = meaningOf({ model: "m", embed: () => Promise.reject(new Error("gone")) });
  const lines: string[] = [];
  const found = await findServers("mail", entries, { ...options, meaning, log: (line) => lines.push(line) });
  assert.deepEqual(found.map(({ name }) => name), ["alpha", "beta"]);
  assert.match(lines[0], /by words only: gone/);
});
