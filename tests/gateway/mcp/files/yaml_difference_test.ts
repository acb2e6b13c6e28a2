/** Changed values in texts that people wrote: what is the same stays as it is written. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { withDifference } from "../../../../gateway/mcp/files/yaml_difference.ts";

const text = `# my profile
id: work   # short
servers:
  # for meetings
  - type: image
    image: mcp/time   # small
    tools: [now, later]   # both
  - image: mcp/notes
    # where they lie
    config:
      folder: /n   # mine
      level: debug
    snapshot: {server: {name: notes}}
`;

// deno-lint-ignore no-explicit-any
const cases: { name: string; change: (value: any) => void; gone?: string[]; added?: string[] }[] = [
  { name: "nothing", change: () => {} },
  {
    name: "a value deep in an item",
    change: ({ servers }) => servers[1].config.folder = "/m",
    gone: ["      folder: /n   # mine"],
    added: ["      folder: /m   # mine"],
  },
  {
    name: "a new key of an item",
    change: ({ servers }) => servers[1].tools = ["a"],
    added: ["    tools:", "      - a"],
  },
  {
    name: "a list of words is replaced as a whole",
    change: ({ servers }) => servers[0].tools = ["now"],
    gone: ["    tools: [now, later]   # both"],
    added: ["    tools:   # both", "      - now"],
  },
  {
    name: "a key goes",
    change: ({ servers }) => delete servers[1].config.level,
    gone: ["      level: debug"],
  },
  {
    name: "an item more",
    change: ({ servers }) => servers.push({ type: "remote", endpoint: "https://x" }),
    added: ["  - type: remote", "    endpoint: https://x"],
  },
  {
    name: "an item less",
    change: ({ servers }) => servers.splice(1, 1),
    gone: [
      "  - image: mcp/notes",
      "    # where they lie",
      "    config:",
      "      folder: /n   # mine",
      "      level: debug",
      "    snapshot: {server: {name: notes}}",
    ],
  },
  {
    name: "a field of the whole",
    change: (value) => value.name = "Work",
    added: ["name: Work"],
  },
];

for (const { name, change, gone = [], added = [] } of cases) {
  Deno.test(`yaml difference: ${name}`, () => {
    const before = parse(text);
    const after = structuredClone(before);
    change(after);
    const changed = withDifference(text, before, after, "f.yaml");
    assert.deepEqual(parse(changed), after);
    const [old, now] = [text.split("\n"), changed.split("\n")];
    assert.deepEqual(old.filter((line) => !now.includes(line)), gone);
    assert.deepEqual(now.filter((line) => !old.includes(line)), added);
  });
}

Deno.test("yaml difference: whatever changes, the text says it afterwards", () => {
  const before = parse(text);
  // deno-lint-ignore no-explicit-any
  const changes: ((value: any) => void)[] = [
    (value) => value.servers = [],
    (value) => value.servers.reverse(),
    (value) => value.servers.shift(),
    (value) => delete value.servers,
    (value) => value.servers[0].type = "other",
    (value) => value.servers[0] = { image: "x" },
    (value) => (value.servers.shift(), value.servers[0].image = "y"),
    (value) => value.servers[1].snapshot.server.name = "n",
    (value) => value.servers[1].config = {},
    (value) => value.servers = "none",
  ];
  for (const change of changes) {
    const after = structuredClone(before);
    change(after);
    assert.deepEqual(parse(withDifference(text, before, after, "f.yaml")), after, String(change));
  }
});
