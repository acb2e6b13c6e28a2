/** Settings are merged so that nothing of the user's is lost. */
import { deepStrictEqual, equal } from "node:assert/strict";
import { mergeJson } from "../../../../core/sandbox/agents/json_file.ts";

const rows: {
  name: string;
  text?: string;
  keys: Record<string, unknown>;
  force?: boolean;
  /** Undefined: the file is left alone. */
  merged?: unknown;
}[] = [
  { name: "no file", keys: { a: 1 }, merged: { a: 1 } },
  { name: "an empty file", text: "  \n", keys: { a: 1 }, merged: { a: 1 } },
  { name: "other keys stay", text: '{"login":"x"}', keys: { a: 1 }, merged: { login: "x", a: 1 } },
  { name: "the user's value stays", text: '{"a":2}', keys: { a: 1 } },
  { name: "unless it is forced", text: '{"a":2}', keys: { a: 1 }, force: true, merged: { a: 1 } },
  {
    name: "objects are joined",
    text: '{"projects":{"/x":{"cost":1,"trust":false}}}',
    keys: { projects: { "/x": { trust: true }, "/y": { trust: true } } },
    force: true,
    merged: { projects: { "/x": { cost: 1, trust: true }, "/y": { trust: true } } },
  },
  { name: "lists are joined", text: '{"l":["a"]}', keys: { l: ["a", "b"] }, merged: { l: ["a", "b"] } },
  { name: "nothing new", text: '{"a":1}', keys: { a: 1 } },
  { name: "what is no JSON is left to the agent", text: "{ // mine", keys: { a: 1 } },
  { name: "a list is left alone", text: "[1]", keys: { a: 1 } },
  {
    name: "a path named __proto__",
    keys: JSON.parse('{"__proto__":{"a":1}}'),
    merged: JSON.parse('{"__proto__":{"a":1}}'),
  },
];

for (const { name, text, keys, force, merged } of rows) {
  Deno.test(`merged settings: ${name}`, () => {
    const result = mergeJson(text, keys, force);
    if (merged === undefined) equal(result, undefined);
    else deepStrictEqual(JSON.parse(result!), merged);
  });
}
