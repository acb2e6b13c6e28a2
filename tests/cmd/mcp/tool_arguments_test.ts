/** The arguments of `skiff mcp tools call`. */
import assert from "node:assert/strict";
import { toolArguments } from "../../../cmd/mcp/tool_arguments.ts";

const properties = {
  n: { type: "number" },
  i: { type: "integer" },
  on: { type: "boolean" },
  text: { type: "string" },
  either: { type: ["string", "number"] },
  maybe: { type: ["number", "null"] },
  list: { type: "array", items: { type: "string" } },
  numbers: { type: "array", items: { type: "number" } },
  map: { type: "object" },
  any: {},
};

const cases: [words: string[], json: string][] = [
  [[], "{}"],
  [["query=whales"], '{"query":"whales"}'],
  [["a=5", "b=true"], '{"a":"5","b":"true"}'],
  [["a=b=c", "empty="], '{"a":"b=c","empty":""}'],
  [["path=a", "path=b", "path=c"], '{"path":["a","b","c"]}'],
  [["flag"], '{"flag":null}'],
  [["flag", "flag=x"], '{"flag":[null,"x"]}'],
  [["constructor=a", "__proto__=b", "toString"], '{"constructor":"a","__proto__":"b","toString":null}'],
  [["n=1.5", "i=3", "on=false"], '{"n":1.5,"i":3,"on":false}'],
  [["n=x", "i=3.5", "on=yes"], '{"n":"x","i":"3.5","on":"yes"}'],
  [["text=5", "either=5", "any=5"], '{"text":"5","either":"5","any":"5"}'],
  [["maybe=5", "n"], '{"maybe":5,"n":null}'],
  [["list=a", "numbers=1", "numbers=2"], '{"list":["a"],"numbers":[1,2]}'],
  [['list=["a","b"]', 'map={"a":1}', "map=x"], '{"list":["a","b"],"map":["{\\"a\\":1}","x"]}'],
  [['map={"a":1}'], '{"map":{"a":1}}'],
];

for (const [words, json] of cases) {
  Deno.test(`tools call NAME ${words.join(" ")}`, () => {
    assert.equal(JSON.stringify(toolArguments(words, { properties })), json);
  });
}
