/**
 * Random texts of each format, with comments and odd layout: what a change does not concern is the same value
 * afterwards, its lines are there to the letter, and setting then removing gives the value of before.
 */
import assert from "node:assert/strict";
import { parse as parseJsonc } from "jsonc-parser";
import { parse as parseTomlText } from "smol-toml";
import { setJson } from "../../../../gateway/mcp/files/json_text.ts";
import { setTable } from "../../../../gateway/mcp/files/toml_text.ts";
import { deleteYaml, parseYaml, setYaml } from "../../../../gateway/mcp/files/yaml_text.ts";
import { seeded } from "../../../support/mutations.ts";

const entry = { command: "skiff", args: ["mcp", "gateway", "run"] };
const words = ["alpha", "beta", "x y", "a.b", "ü", "1", "true", "#no"];
const same = (a: unknown) => JSON.parse(JSON.stringify(a ?? null));

function jsonText(next: (below: number) => number): string {
  const unit = ["  ", "    ", "\t"][next(3)];
  const comment = () => ["", "", ` // ${words[next(4)]}`, " /* c */"][next(4)];
  const value = (depth: number, indent: string): string => {
    if (depth === 0 || next(3) === 0) return ["1", `"s // no"`, "null", "[1, 2,]", `{"q":1}`][next(5)];
    const count = next(4);
    if (count === 0) return "{}";
    const inner = indent + unit;
    const lines = Array.from({ length: count }, (_, i) => {
      const comma = i < count - 1 || next(2) ? "," : "";
      return `${inner}"k${i}${words[next(8)]}": ${value(depth - 1, inner)}${comma}${comment()}\n`;
    });
    return `{${comment().replace(/\/\/.*/, "")}\n${lines.join("")}${indent}}`;
  };
  const servers = next(3)
    ? `${unit}"mcpServers": {${
      next(2) ? `\n${unit}${unit}"o": {"command": "o"}${next(2) ? "," : ""}\n${unit}` : ""
    }},\n`
    : "";
  return `${next(2) ? "// top\n" : ""}{\n${servers}${unit}"rest": ${value(3, unit)}\n}\n`;
}

Deno.test("json: 500 random texts", () => {
  for (let seed = 0; seed < 500; seed++) {
    const text = jsonText(seeded(seed));
    const before = parseJsonc(text);
    const changed = setJson(text, ["mcpServers", "S"], entry, "f");
    const wanted = { ...before, mcpServers: { ...before.mcpServers, S: entry } };
    assert.deepEqual(parseJsonc(changed), wanted, text);
    for (const [, comment] of text.matchAll(/(\/\/ top|\/\/ [a-z ]+$|\/\* c \*\/)/gm)) {
      assert.ok(changed.includes(comment));
    }
    const removed = parseJsonc(setJson(changed, ["mcpServers", "S"], undefined, "f"));
    assert.deepEqual(removed, { ...before, mcpServers: before.mcpServers ?? {} }, changed);
  }
});

function yamlText(next: (below: number) => number): string {
  const comment = () => ["", "", `  # ${words[next(3)]}`][next(3)];
  const block = (depth: number, indent: string): string =>
    Array.from({ length: 1 + next(3) }, (_, i) => {
      const key = `${indent}k${i}:`;
      const kind = next(depth > 0 ? 6 : 4);
      if (kind === 0) return `${key}   "q: 1"${comment()}\n`;
      if (kind === 1) return `${key} {a: 1,b:  [2, 3]}${comment()}\n`;
      if (kind === 2) return `${key} |\n${indent}  text # no comment\n${indent}  more\n`;
      if (kind === 3) return `${key} 'x'\n\n`;
      if (kind === 4) return `${key}${comment()}\n${block(depth - 1, `${indent}  `)}`;
      return `${key}\n${indent}- one${comment()}\n${indent}-   two\n`;
    }).join("");
  const head = next(2) ? "# top\n" : "";
  const registry = ["", "registry: {}\n", "registry:\n", `registry:\n  o: {ref: ""}${comment()}\n`][next(4)];
  const rest = block(3, "").replace(/^k/gm, "r");
  return head + (next(2) ? registry + rest : rest + registry);
}

Deno.test("yaml: 500 random texts", () => {
  for (let seed = 0; seed < 500; seed++) {
    const text = yamlText(seeded(seed));
    const before = parseYaml(text, "f") as Record<string, Record<string, unknown>>;
    const changed = setYaml(text, ["registry", "S"], entry, "f");
    const wanted = { ...before, registry: { ...before.registry, S: entry } };
    assert.deepEqual(parseYaml(changed, "f"), wanted, text);
    const kept = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("registry:"));
    for (const line of kept) {
      assert.ok(changed.split("\n").includes(line), `${line}\n---\n${text}---\n${changed}`);
    }
    const removed = deleteYaml(changed, ["registry", "S"], "f");
    assert.deepEqual(parseYaml(removed, "f"), { ...before, registry: before.registry ?? {} }, changed);
    for (const line of kept) {
      assert.ok(removed.split("\n").includes(line), `${line}\n---\n${changed}---\n${removed}`);
    }
  }
});

function tomlText(next: (below: number) => number): string {
  const comment = () => ["", "", ` # ${words[next(3)]}`][next(3)];
  const values = [
    "1",
    `"a # b"`,
    "[ 1,\n  2, # two\n]",
    `"""\n[mcp_servers.S]\n"""`,
    "{ a = 1, b = 'x' }",
    "2026-01-02",
  ];
  const pairs = () =>
    Array.from({ length: next(4) }, (_, i) => `k${i} =  ${values[next(6)]}${comment()}\n`).join("");
  const tables = Array.from({ length: next(5) }, (_, i) => {
    const header = [`[t${i}]`, `[[l${i}]]`, `[mcp_servers.o${i}]`, `[mcp_servers."q ${i}".env]`][next(4)];
    return `${next(3) ? "\n" : ""}${next(3) ? "" : "# about it\n"}${header}${comment()}\n${pairs()}`;
  });
  if (next(2)) {
    tables.splice(
      next(tables.length + 1),
      0,
      `[mcp_servers.S]${comment()}\nold = 1\n\n[mcp_servers.S.env]\nA = "1"\n`,
    );
  }
  return pairs() + tables.join("");
}

Deno.test("toml: 500 random texts", () => {
  for (let seed = 0; seed < 500; seed++) {
    const text = tomlText(seeded(seed));
    const before = same(parseTomlText(text));
    const changed = setTable(text, ["mcp_servers", "S"], entry, "f");
    const { S: _, ...others } = before.mcp_servers ?? {};
    assert.deepEqual(same(parseTomlText(changed)), { ...before, mcp_servers: { ...others, S: entry } }, text);
    for (const [comment] of text.matchAll(/# about it/g)) assert.ok(changed.includes(comment));
    const removed = same(parseTomlText(setTable(changed, ["mcp_servers", "S"], undefined, "f")));
    assert.deepEqual(removed.mcp_servers ?? {}, others, changed);
  }
});
