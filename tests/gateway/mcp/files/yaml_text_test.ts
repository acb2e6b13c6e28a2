/** YAML of others: what is changed, and that all else stays. */
import assert from "node:assert/strict";
import { deleteYaml, parseYaml, setYaml, type YamlPath } from "../../../../gateway/mcp/files/yaml_text.ts";

const goose = `# my goose
GOOSE_MODEL:   "gpt"   # the model

extensions:
  # built in
  developer:
    enabled: true
    bundled:    null


# the end
theme: dark
`;

const sets: { name: string; before: string; path: YamlPath; value: unknown; after: string }[] = [
  {
    name: "an empty file",
    before: "",
    path: ["registry", "fetch"],
    value: { ref: "" },
    after: `registry:\n  fetch:\n    ref: ""\n`,
  },
  {
    name: "the comment beside a value stays beside the new one",
    before: "a:\n  b: 1   # costs $& and $1\n  c: 2 # c\n",
    path: ["a", "b"],
    value: ["x"],
    after: "a:\n  b:   # costs $& and $1\n    - x\n  c: 2 # c\n",
  },
  {
    name: "the comment beside a key that had nothing stays",
    before: "registry: # none yet\n# the end\n",
    path: ["registry", "fetch"],
    value: { ref: "" },
    after: 'registry: # none yet\n  fetch:\n    ref: ""\n# the end\n',
  },
  {
    name: "the comment beside a block's key stays, also when the block becomes a word",
    before: 'list: # mine\n  - a # first\nnext: "#" # n\n',
    path: ["list"],
    value: "word",
    after: 'list: word # mine\nnext: "#" # n\n',
  },
  {
    name: "texts that YAML 1.1 takes for something else are quoted",
    before: "a:\n  b: 1\n",
    path: ["a", "c"],
    value: ["2024-01-01", "1_000", "0b11", "yes", "12:30:45", "plain", "1.5.0"],
    after:
      `a:\n  b: 1\n  c:\n    - "2024-01-01"\n    - "1_000"\n    - "0b11"\n    - "yes"\n    - "12:30:45"\n    - plain\n    - 1.5.0\n`,
  },
  {
    name: "a new key goes behind the last one; comments and blank lines stay",
    before: goose,
    path: ["extensions", "skiff"],
    value: { cmd: "skiff", args: [] },
    after: goose.replace("bundled:    null\n", `bundled:    null\n  skiff:\n    cmd: skiff\n    args: []\n`),
  },
  {
    name: "a key that is there is replaced in its place",
    before: goose,
    path: ["extensions", "developer"],
    value: { enabled: false },
    after: goose.replace("    enabled: true\n    bundled:    null\n", "    enabled: false\n"),
  },
  {
    name: "a mapping that is missing is made at the end",
    before: "a: 1 # one\n",
    path: ["registry", "x"],
    value: { ref: "" },
    after: `a: 1 # one\nregistry:\n  x:\n    ref: ""\n`,
  },
  {
    name: "an empty mapping in braces is filled",
    before: "registry: {}\n# end\n",
    path: ["registry", "x"],
    value: { ref: "" },
    after: `registry:\n  x:\n    ref: ""\n# end\n`,
  },
  {
    name: "a list without indentation gets its item in the same way",
    before: `name: a\nmcpServers:\n- name: other # mine\n  command: x\nmodels: []\n`,
    path: ["mcpServers", { name: "s" }],
    value: { name: "s", command: "run" },
    after:
      `name: a\nmcpServers:\n- name: other # mine\n  command: x\n- name: s\n  command: run\nmodels: []\n`,
  },
  {
    name: "an item of a list is replaced by its name",
    before: `l:\n  - name: a\n    v: 1\n  # b\n  - name: b\n    v: 2\n`,
    path: ["l", { name: "a" }],
    value: { name: "a", v: 3 },
    after: `l:\n  - name: a\n    v: 3\n  # b\n  - name: b\n    v: 2\n`,
  },
  {
    name: "a file without a line end at its end",
    before: "registry:\n  a: {ref: ''}",
    path: ["registry", "b"],
    value: { ref: "" },
    after: `registry:\n  a: {ref: ''}\n  b:\n    ref: ""\n`,
  },
];

for (const { name, before, path, value, after } of sets) {
  Deno.test(`yaml: ${name}`, () => assert.equal(setYaml(before, path, value, "f.yaml"), after));
}

const deletes: { name: string; before: string; path: YamlPath; after: string }[] = [
  {
    name: "a key goes, its neighbours and comments stay",
    before: `registry:\n  a:\n    ref: ""\n  # about b\n  b: {ref: ""}\n`,
    path: ["registry", "a"],
    after: `registry:\n  # about b\n  b: {ref: ""}\n`,
  },
  {
    name: "the last item of a list",
    before: `l:\n  - name: a\nx: 1\n`,
    path: ["l", { name: "a" }],
    after: "",
  },
  { name: "nothing is there", before: "a:   1\n", path: ["b", "c"], after: "a:   1\n" },
];

for (const { name, before, path, after } of deletes) {
  Deno.test(`yaml: removed: ${name}`, () => {
    const changed = deleteYaml(before, path, "f.yaml");
    if (after) assert.equal(changed, after);
    else assert.deepEqual(parseYaml(changed, "f.yaml"), { l: [], x: 1 });
  });
}

Deno.test("yaml: flow style, anchors and merge keys survive a change elsewhere", () => {
  const before = `base: &b {x: 1, y: "two"}\na: {<<: *b, z: 3}\nregistry: {one: {ref: ""}}\n`;
  const changed = setYaml(before, ["registry", "two"], { ref: "" }, "f.yaml");
  assert.match(changed, /^base: &b/);
  assert.deepEqual(parseYaml(changed, "f.yaml"), {
    base: { x: 1, y: "two" },
    a: { x: 1, y: "two", z: 3 },
    registry: { one: { ref: "" }, two: { ref: "" } },
  });
});

const broken: [string, RegExp][] = [
  ["a: 1\nb: [1, 2\nc: 3\n", /^f\.yaml:\d+:\d+: /],
  ["registry:\n\tfetch:\n", /^f\.yaml:2:\d+: .*tab/i],
  ["a: 1\na: 2\n", /^f\.yaml:2:\d+: .*unique/i],
  ["a: *nope\n", /nope/],
  ["a: 1\n---\nb: 2\n", /^f\.yaml:2: a second document begins here/],
];

for (const [text, message] of broken) {
  Deno.test(`yaml: ${JSON.stringify(text)} is refused with its place`, () => {
    assert.throws(() => parseYaml(text, "f.yaml"), { code: "invalid_input", message });
  });
}
