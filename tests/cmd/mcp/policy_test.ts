/** `skiff mcp policy` and `tools approve`, and where lists show what the policy says. */
import assert from "node:assert/strict";
import { withHome } from "../../gateway/mcp/home.ts";
import { typing } from "./typing.ts";

const policy = `rules:
  - {effect: deny, server: fetch, reason: no web}
  - {effect: deny, tool: delete_*, reason: only reading}
  - {effect: deny, prompt: sell_*}
`;
const pins = {
  notes: {
    add: {
      approved: { description: "Adds a note", inputSchema: { type: "object" } },
      changed: { description: "Adds a note and tells", inputSchema: { type: "object" } },
    },
    list: { approved: { description: "Lists", inputSchema: { type: "object" } } },
  },
};

interface Step {
  words: string[];
  code?: number;
  out?: RegExp;
  err?: RegExp;
}

const steps: Step[] = [
  { words: ["server", "enable", "fetch", "duckduckgo"], out: /Enabled fetch/ },
  { words: ["policy", "show"], out: /changed_tools: report\nhidden_text: report\nrules:/ },
  { words: ["policy", "check", "fetch"], code: 1, out: /^denied: no web\n$/ },
  { words: ["policy", "check", "duckduckgo"], out: /^allowed: the policy's default is allow\n$/ },
  { words: ["policy", "check", "duckduckgo", "delete_all"], code: 1, out: /^denied: only reading\n$/ },
  { words: ["policy", "check", "duckduckgo", "search"], out: /^allowed: / },
  {
    words: ["policy", "check", "duckduckgo", "--prompt", "sell_it"],
    code: 1,
    out: /^denied: rule 3 of the policy\n$/,
  },
  { words: ["policy", "check", "absent"], code: 1, err: /No catalog has a server absent/ },
  { words: ["server", "ls"], out: /\nfetch +- +- +- +denied .*\nduckduckgo +- +- +- +allowed / },
  {
    words: ["server", "ls", "--json"],
    out: /"name": "fetch",[^}]*"policy": \{\s+"allowed": false,\s+"reason": "no web"/,
  },
  { words: ["catalog", "show"], out: /\nfetch +server +\d+ +denied / },
  {
    words: ["catalog", "show", "--format", "json"],
    out: /"fetch": \{[^]*?"policy": \{\s+"allowed": false,\s+"reason": "no web"/,
  },
  {
    words: ["tools", "approve"],
    out: /^add of notes:\n {4}description: "Adds a note" -> "Adds a note and tells"\n$/,
  },
  { words: ["tools", "approve", "--json"], out: /"server": "notes",\s+"tool": "add",\s+"changes": \[/ },
  { words: ["tools", "approve", "absent"], code: 1, err: /No tools of absent were listed so far/ },
  { words: ["tools", "approve", "notes", "other"], code: 1, err: /notes has no tool other/ },
  { words: ["tools", "approve", "notes", "list"], out: /^No tool of notes has changed/ },
  {
    words: ["policy", "approve", "notes"],
    out: /^Approved: add\nadd of notes:\n {4}description: "Adds a note" -> "Adds a note and tells"\n$/,
  },
  { words: ["tools", "approve"], out: /^No tool has changed since it was approved\.\n$/ },
];

Deno.test("skiff mcp policy", async (t) => {
  await withHome(async (home) => {
    await home.write(".docker/mcp/policy.yaml", policy);
    await home.write(".docker/mcp/tool-pins.json", JSON.stringify(pins));
    const type = typing(home);
    for (const { words, code = 0, out, err } of steps) {
      await t.step(words.join(" "), async () => {
        const said = await type(...words);
        assert.equal(said.code, code, said.err);
        if (out) assert.match(said.out, out);
        if (err) assert.match(said.err, err);
        else assert.equal(said.err, "");
      });
    }
    await t.step("a broken policy denies, and the lists say so", async () => {
      await home.write(".docker/mcp/policy.yaml", "rules: [");
      const said = await type("server", "ls");
      assert.match(said.out, /fetch +- +- +- +denied /);
      assert.match(said.err, /policy\.yaml: .*Nothing is allowed until that is right/s);
    });
  });
});
