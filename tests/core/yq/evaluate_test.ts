/** Expressions of yq: what they give, and what is said of those that are wrong. */
import assert from "node:assert/strict";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import { evaluateYq } from "../../../core/yq/evaluate.ts";
import { expressions, sample } from "./expressions.ts";

for (const [topic, rows] of Object.entries(expressions)) {
  Deno.test(`yq: ${topic}`, () => {
    for (const [expression, result] of rows) {
      assert.equal(evaluateYq(expression, sample, "yaml").replace(/\n$/, ""), result, expression);
    }
  });
}

Deno.test("yq: results are printed in the document's format, and closed by one line end", () => {
  const json = '{"a": {"b": [1, 2.50, "x"], "2": null}, "t": "one\\n"}';
  const cases: [expression: string, format: "json" | "yaml", result: string][] = [
    [".a", "json", '{\n  "2": null,\n  "b": [\n    1,\n    2.5,\n    "x"\n  ]\n}\n'],
    [".a.b", "yaml", '[1, 2.50, "x"]\n'],
    [".a.b[]", "json", "1\n2.5\nx\n"],
    [".a | to_yaml", "json", '"2": null\nb:\n  - 1\n  - 2.5\n  - x\n'],
    [".t", "json", "one\n"],
    [".a.nope[]", "json", ""],
    ["", "yaml", json + "\n"],
  ];
  for (const [expression, format, result] of cases) {
    assert.equal(evaluateYq(expression, json, format), result, expression);
  }
});

Deno.test("yq: an assignment changes what is printed, and nothing else", () => {
  const document = "a: 1\nb:\n  - x\n";
  assert.equal(evaluateYq('.a = 2 | .b += "y"', document, "yaml"), "a: 2\nb:\n  - x\n  - y\n");
  assert.equal(document, "a: 1\nb:\n  - x\n");
});

Deno.test("yq: an expression that is wrong is told with its place", () => {
  const cases: [expression: string, said: RegExp, hint?: RegExp][] = [
    [".a | nope", /^yq: 1:6: no operator or value begins with `nope`$/, /`\.name`, a text `"name"`/],
    [".a ==\n  'x'", /^yq: 2:3: no operator or value begins with `'x'`$/, /double quotes/],
    ['.a | startswith("b")', /`startswith\("b"\)`$/, /a word of jq/],
    ['.a == "b', /^yq: 1:7: no operator or value begins with `"b`$/, /not closed/],
    [".a | (.b", /^yq: 1:6: `\(` is not closed$/],
    ["[.a", /^yq: 1:1: `\[` is not closed$/],
    [".a)", /^yq: 1:3: `\)` closes nothing$/],
    ["(.a]", /^yq: 1:1: `\(` is not closed$/],
    [".a |", /^yq: 1:4: `\|` takes two expressions, and one is there$/],
    ["select()", /^yq: 1:1: `select` takes an expression, and none is there$/],
    ['"x" "y"', /^yq: 1:5: an operator is missing before `"y"`$/],
    ["if .a then 1", /^yq: 1:1: `if` is not closed$/],
    ["if .a else 1 end", /^yq: 1:7: `else` must not follow `if`$/],
    ["then", /^yq: 1:1: `then` stands in no `if`$/],
    ['"\\(.a |)"', /^yq: in `\.a \|`: 1:4: `\|` takes two expressions/],
  ];
  for (const [expression, said, hint] of cases) refused(expression, "invalid_input", said, hint);
});

Deno.test("yq: what does not fit the document is told with the kind of value and where it is", () => {
  const cases: [expression: string, said: RegExp][] = [
    [".servers.name", /^yq: a list has no key "name"$/],
    [".tags[-9]", /^yq: the list of 4 has no item \[-9\]$/],
    [".tags[99999999]", /^yq: \[99999999\] is beyond every list$/],
    [".name - 1", /^yq: !!int cannot be subtracted from !!str \(name\)$/],
    [".env + .name", /^yq: !!str \(name\) cannot be added to !!map \(env\)$/],
    [".env * 2", /^yq: !!map \(env\) cannot be multiplied by !!int$/],
    [".count % 0", /^yq: % by 0$/],
    ["9223372036854775807 + 1", /^yq: 9223372036854775808 does not fit in 64 bits$/],
    [".env > 1", /^yq: !!map \(env\) has no order$/],
    [".count | upcase", /^yq: upcase takes texts, not !!int$/],
    [".env | sort | .A | test(1) | keys", /^yq: !!bool has no keys$/],
    [".name | sort", /^yq: sort takes a list, not !!str \(name\)$/],
    ['.name | test("(?=x)")', /^yq: "\(\?=x\)": RE2, and so yq, has no `\(\?=`$/],
    ['.name | test("[a")', /^yq: "\[a": `\[` is not closed$/],
    ['.name | test("a**")', /^yq: "a\*\*" is no regular expression: /],
    ['.name | match("a"; "i")', /^yq: "i" is no option of a match$/],
    [".tags | @base64", /^yq: @base64 takes a text, not !!seq$/],
    [".env | @csv", /^yq: @csv takes a list, not !!map$/],
    ['"{" | from_yaml', /^yq: the text is no YAML: /],
    [".name | to_number", /^yq: "docs" is no number$/],
    [".name as $x", /^yq: a variable is used behind a pipe/],
    ['error("enough")', /^enough$/],
    ['"eval(\\"eval(.)\\")" as $x | "eval(.)" | eval(.)', /^yq: the expression never comes to an end$/],
  ];
  for (const [expression, said] of cases) refused(expression, "invalid_input", said);
});

Deno.test("yq: what is left out is refused by its name", () => {
  const words = [
    "env(HOME)",
    "strenv(HOME)",
    "envsubst",
    'load("x")',
    'load_str("x")',
    "system",
    "line",
    "filename",
    "document_index",
    "split_doc",
    "anchor",
    "explode",
    "line_comment",
    "now",
    "@xml",
    "@props",
    "shuffle",
  ];
  for (const word of words) {
    refused(
      `.name | ${word}`,
      "unsupported",
      new RegExp(`^yq: "${word.replace(/[()"]/g, ".").replace(/\.x.*|\(.*/, "")}`),
    );
  }
});

Deno.test("yq: aliases in a text that is decoded cannot fill the memory", () => {
  const bomb = [
    "a: &a [x]",
    ..."bcdefghijk".split("").map((letter, i) => {
      const before = "abcdefghij"[i];
      return `${letter}: &${letter} [${Array(9).fill(`*${before}`).join(", ")}]`;
    }),
  ].join("\\n");
  refused(
    `"${bomb}" | from_yaml`,
    "invalid_input",
    /^yq: the text is too large: its aliases stand for too much$/,
  );
});

function refused(expression: string, code: string, said: RegExp, hint = /./): void {
  assert.throws(() => evaluateYq(expression, sample, "yaml"), (error: SkiffError) => {
    assert.equal(error.code, code, `${expression}: ${error.stack}`);
    assert.match(error.message, said, expression);
    assert.match(error.hint ?? "-", hint, expression);
    return true;
  }, expression);
}
