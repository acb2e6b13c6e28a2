/** The arguments of `skiff mcp tools call`. */
import assert from "node:assert/strict";
import { toolArguments } from "../../../cmd/mcp/tools_call.ts";

const cases: [words: string[], json: string][] = [
  [[], "{}"],
  [["query=whales"], '{"query":"whales"}'],
  [["n=5", "on=true"], '{"n":"5","on":"true"}'],
  [["a=b=c", "empty="], '{"a":"b=c","empty":""}'],
  [["path=a", "path=b", "path=c"], '{"path":["a","b","c"]}'],
  [["flag"], '{"flag":null}'],
  [["flag", "flag=x"], '{"flag":[null,"x"]}'],
  [["constructor=a", "__proto__=b", "toString"], '{"constructor":"a","__proto__":"b","toString":null}'],
];

for (const [words, json] of cases) {
  Deno.test(`tools call NAME ${words.join(" ")}`, () => {
    assert.equal(JSON.stringify(toolArguments(words)), json);
  });
}
