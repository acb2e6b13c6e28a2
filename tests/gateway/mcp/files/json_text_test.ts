/** JSON with comments: what is changed, and that all else stays. */
import assert from "node:assert/strict";
import { parseJson, setJson } from "../../../../gateway/mcp/files/json_text.ts";

const cases: { name: string; before: string; path: string[]; value: unknown; after: string }[] = [
  {
    name: "an empty file becomes an object",
    before: "",
    path: ["a", "b"],
    value: 1,
    after: `{\n  "a": {\n    "b": 1\n  }\n}\n`,
  },
  {
    name: "comments of both kinds, trailing commas and odd spacing stay",
    before: `// mine\n{\n    "x" : [1,2, ], /* why */\n    "a": { "c": 2, },\n}\n`,
    path: ["a", "b"],
    value: true,
    after: `// mine\n{\n    "x" : [1,2, ], /* why */\n    "a": { "c": 2, "b": true, },\n}\n`,
  },
  {
    name: "tabs are met with tabs",
    before: `{\n\t"a": {\n\t\t"c": 2\n\t}\n}`,
    path: ["a", "b"],
    value: { d: 1 },
    after: `{\n\t"a": {\n\t\t"c": 2,\n\t\t"b": {\n\t\t\t"d": 1\n\t\t}\n\t}\n}`,
  },
  {
    name: "in a file with both kinds of line ends the neighbours stay as they are",
    before: `{\r\n  "a": {\n    "c": {"d":1}\r\n  }\n}\r\n`,
    path: ["a", "b"],
    value: 1,
    after: `{\r\n  "a": {\n    "c": {"d":1},\n    "b": 1\r\n  }\n}\r\n`,
  },
  {
    name: "a value is replaced in its place",
    before: `{"z": 1, "a": {"b": 1}, "y": 2} // end`,
    path: ["a", "b"],
    value: "two",
    after: `{"z": 1, "a": {"b": "two"}, "y": 2} // end`,
  },
  {
    name: "a value is removed, the comment beside it stays",
    before: `{\n  // first\n  "a": 1,\n  "b": 2\n}\n`,
    path: ["b"],
    value: undefined,
    after: `{\n  // first\n  "a": 1\n}\n`,
  },
  {
    name: "the last one is removed, the comment behind the one before stays",
    before: `{\n  "a": 1, // one, first\n  "b": {\n    "c": 2\n  }\n}\n`,
    path: ["b"],
    value: undefined,
    after: `{\n  "a": 1 // one, first\n}\n`,
  },
  {
    name: "one of a line is removed",
    before: `{"a": 1, "b": 2, "c": 3}`,
    path: ["b"],
    value: undefined,
    after: `{"a": 1, "c": 3}`,
  },
  {
    name: "the last of a line is removed",
    before: `{ "a": 1, "b": 2 }`,
    path: ["b"],
    value: undefined,
    after: `{ "a": 1 }`,
  },
  {
    name: "nothing is removed where nothing is",
    before: `{ "a" :1 }`,
    path: ["b", "c"],
    value: undefined,
    after: `{ "a" :1 }`,
  },
  {
    name: "a key with a dot is one key",
    before: `{"amp.url": 1}`,
    path: ["amp.mcpServers", "x"],
    value: 1,
    after: `{"amp.url": 1, "amp.mcpServers": {"x":1}}`,
  },
  {
    name: "the comment behind the last property stays with it",
    before: `{\n  "a": 1 // one\n}\n`,
    path: ["b"],
    value: [1],
    after: `{\n  "a": 1, // one\n  "b": [\n    1\n  ]\n}\n`,
  },
  {
    name: "a file with trailing commas gets another one",
    before: `{\n  "s": {\n    "a": {}, // one\n  },\n}\n`,
    path: ["s", "b"],
    value: {},
    after: `{\n  "s": {\n    "a": {}, // one\n    "b": {},\n  },\n}\n`,
  },
  {
    name: "braces with a comment between them",
    before: `{\n  "s": { /* none yet */ }\n}\n`,
    path: ["s", "b"],
    value: 1,
    after: `{\n  "s": {\n    "b": 1 /* none yet */\n  }\n}\n`,
  },
  {
    name: "a removed property takes its comma along",
    before: `{"x": [ 1,2 ],\n  "s": {\n    "a": { "q":1 },\n    "b": 2,\n  }}`,
    path: ["s", "b"],
    value: undefined,
    after: `{"x": [ 1,2 ],\n  "s": {\n    "a": { "q":1 },\n  }}`,
  },
];

for (const { name, before, path, value, after } of cases) {
  Deno.test(`json: ${name}`, () => {
    const changed = setJson(before, path, value, "f.json");
    assert.equal(changed, after);
    parseJson(changed, "f.json");
  });
}

const broken: [string, RegExp][] = [
  [`{"a": 1\n "b": 2}`, /^f\.json:2:2: comma expected$/],
  [`{\n  "a": nope\n}`, /^f\.json:2:8: invalid symbol$/],
  [`{"a": [1, 2}`, /^f\.json:1:\d+: /],
  [`[1]`, /^f\.json:1:1: a JSON object is expected here$/],
  [`null`, /^f\.json:1:1: a JSON object is expected here$/],
];

for (const [text, message] of broken) {
  Deno.test(`json: ${JSON.stringify(text)} is refused with its place`, () => {
    assert.throws(() => setJson(text, ["x"], 1, "f.json"), { code: "invalid_input", message });
  });
}

Deno.test("json: a key that stands twice is told", () => {
  const twice = `{"a": {}, "a": {"b": 1}}`;
  for (const value of [2, undefined]) {
    assert.throws(() => setJson(twice, ["a", "b"], value, "f"), {
      code: "invalid_input",
      hint: /twice/,
    });
  }
});

Deno.test("json: a setting in the way is not overwritten", () => {
  assert.throws(() => setJson(`{"mcpServers": []}`, ["mcpServers", "x"], 1, "f.json"), {
    message: `f.json: "mcpServers" is no object`,
  });
});
