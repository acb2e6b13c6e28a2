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

Deno.test("an embedding model that fails leaves the words", async () => {
  const meaning = meaningOf({ model: "m", embed: () => Promise.reject(new Error("gone")) });
  const lines: string[] = [];
  const found = await findServers("mail", entries, { ...options, meaning, log: (line) => lines.push(line) });
  assert.deepEqual(found.map(({ name }) => name), ["alpha", "beta"]);
  assert.match(lines[0], /by words only: gone/);
});
