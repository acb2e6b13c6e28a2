/** TOML of others: tables set and removed by lines. */
import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { setTable } from "../../../../gateway/mcp/files/toml_text.ts";

const entry = { command: "skiff", args: ["mcp", "gateway", "run"] };
const block = `[mcp_servers.S]\ncommand = "skiff"\nargs = [ "mcp", "gateway", "run" ]\n`;

const cases: { name: string; before: string; value?: Record<string, unknown>; after: string }[] = [
  { name: "an empty file", before: "", value: entry, after: block },
  {
    name: "a new table goes to the end; comments and spacing stay",
    before: `# mine\nmodel   = "x"  # why\n\n[tui]\nnotify=[ 1,\n  2, # two\n]`,
    value: entry,
    after: `# mine\nmodel   = "x"  # why\n\n[tui]\nnotify=[ 1,\n  2, # two\n]\n\n${block}`,
  },
  {
    name: "a table is replaced in its place, with its sub-tables",
    before:
      `[mcp_servers.S] # old\ncommand = "docker"\n\n[mcp_servers.S.env]\nA = "1"\n\n# next\n[mcp_servers.other]\ncommand = "o"\n`,
    value: entry,
    after: `${block}\n\n# next\n[mcp_servers.other]\ncommand = "o"\n`,
  },
  {
    name: "a table is removed",
    before: `a = 1\n\n${block}\n[z]\nb = 2\n`,
    after: `a = 1\n\n[z]\nb = 2\n`,
  },
  {
    name: "a header inside of a text is none",
    before: `p = """\n[mcp_servers.S]\n"""\nq = '''\n[x]'''\n`,
    value: entry,
    after: `p = """\n[mcp_servers.S]\n"""\nq = '''\n[x]'''\n\n${block}`,
  },
  {
    name: "a quoted name is the same name",
    before: `[ "mcp_servers" . 'S' ]\ncommand = "old"\n`,
    value: entry,
    after: block,
  },
  { name: "nothing is removed where nothing is", before: `a=1`, after: `a=1` },
];

for (const { name, before, value, after } of cases) {
  Deno.test(`toml: ${name}`, () => {
    const changed = setTable(before, ["mcp_servers", "S"], value, "c.toml");
    assert.equal(changed.replace(/\n{3,}/g, "\n\n"), after.replace(/\n{3,}/g, "\n\n"));
    const { mcp_servers } = parse(changed) as { mcp_servers?: Record<string, unknown> };
    assert.deepEqual(mcp_servers?.S && JSON.parse(JSON.stringify(mcp_servers.S)), value);
  });
}

const refused: [string, RegExp][] = [
  [`mcp_servers = {S = {command = "x"}}\n`, /cannot be changed by lines/],
  [`mcp_servers = {o = {command = "x"}}\n`, /cannot be changed by lines/],
  [`a = 1\nb = \n`, /^c\.toml:2:\d+: /],
];

for (const [text, message] of refused) {
  Deno.test(`toml: ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => setTable(text, ["mcp_servers", "S"], entry, "c.toml"), {
      code: "invalid_input",
      message,
    });
  });
}
