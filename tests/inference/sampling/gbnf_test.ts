import { strictEqual, throws } from "node:assert/strict";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import { bytesAndMore, judgeSpec } from "../../support/constraint_walk.ts";

const grammars: [name: string, grammar: string, complete: string[], partial: string[], refused: string[]][] =
  [
    ["a literal", 'root ::= "ab\\n\\"\\\\"', ['ab\n"\\'], ["", "a"], ["b", 'ab\n"\\x']],
    ["alternatives and groups", 'root ::= ("a" | "b" "c") "d"', ["ad", "bcd"], ["b"], ["cd", "abd"]],
    ["classes", "root ::= [a-cX\\-\\]é] [^0-9]", ["ax", "-\n", "]é", "é日"], ["X"], ["d", "a5"]],
    ["a dash at the end", "root ::= [a-]", ["a", "-"], [], ["b"]],
    ["escapes by number", 'root ::= [\\x41-\\u0043] "\\U0001F600"', ["B😀"], ["C"], ["D", "A😁"]],
    ["any character", "root ::= . .", ["a\n", "é😀"], ["é"], ["abc"]],
    ["star, plus, optional", 'root ::= "a"* "b"+ "c"?', ["b", "aabbc"], ["aa"], ["c", "bcc"]],
    ["counts", 'root ::= "a"{2} "b"{1,2} "c"{2,} "d"{0,1}', ["aabcc", "aabbcccd"], ["aab"], ["ab", "aabbb"]],
    ["zero times", 'root ::= "a"{0} "b"', ["b"], [""], ["a"]],
    ["nested repetition of what may be empty", 'root ::= (("a"?)* "b"?)*', ["", "ab", "bba"], [], ["c"]],
    ["recursion", 'root ::= "(" root ")" | "x"', ["x", "((x))"], ["(("], ["()", "(x))"]],
    ["an optional tail", 'root ::= "a" root?', ["a", "aaaa"], [""], ["b"]],
    [
      "comments and line ends",
      'root ::= # starts\n  a | # or\n b\na ::= (\n "1"\n"2" )\nb ::= "3"\r\n',
      ["12", "3"],
      ["1"],
      ["2"],
    ],
    ["a rule without an end is left out", 'root ::= "a" | loop\nloop ::= "b" loop', ["a"], [""], ["b"]],
    ["partly the same beginnings", 'root ::= ("ab" | "a" "c" | [a-b] "d")', ["ab", "ac", "ad", "bd"], ["a"], [
      "bb",
    ]],
  ];

for (const [name, grammar, complete, partial, refused] of grammars) {
  Deno.test(`a grammar with ${name}`, () => {
    const judged = (text: string) => judgeSpec({ kind: "gbnf", grammar }, text);
    for (const text of complete) strictEqual(judged(text), "complete", JSON.stringify(text));
    for (const text of partial) strictEqual(judged(text), "partial", JSON.stringify(text));
    for (const text of refused) strictEqual(judged(text), "refused", JSON.stringify(text));
  });
}

const mistakes: [grammar: string, message: RegExp][] = [
  ['root ::= "a', /line 1, column 10: the literal has no closing quote/],
  ['root ::= "a"\nb ::= [a-', /line 2, column 7: the character class has no closing/],
  ['root ::= ("a"', /line 1, column 10: the group has no closing/],
  ['root = "a"', /line 1, column 6: expected "::="/],
  ['root ::= "a" )', /line 1, column 14: unexpected "\)"/],
  ["root ::= x\ny ::= x z", /line 1, column 10: the rule "x" is not defined/],
  ['root ::= "a"\nroot ::= "b"', /line 2, column 1: the rule "root" is defined twice/],
  ['root ::= "a"{3,2}', /ends \(2\) before it begins \(3\)/],
  ['root ::= "a"{999999}', /more than 100000 repetitions/],
  ['root ::= "\\q"', /column 11: unknown escape \\q/],
  ['root ::= "\\u12"', /expected 4 hexadecimal digits/],
  ['root ::= | * "a"', /nothing stands before "\*"/],
  ['start ::= "a"', /no rule named "root"/],
  ["root ::= <nosuch>", /the vocabulary has no token "<nosuch>"/],
  ["root ::= <[99999]>", /the vocabulary has no token 99999/],
  ['root ::= a "x"\na ::= root', /the rule "root" begins with itself/],
  ['root ::= "b"? root', /the rule "root" begins with itself/],
  ['root ::= "a" root', /no finite text matches/],
  [`root ::= ${'"a"{99999} '.repeat(7)}`, /too large/],
];

for (const [grammar, message] of mistakes) {
  Deno.test(`the grammar ${JSON.stringify(grammar.slice(0, 40))} is refused`, () => {
    throws(() => compileConstraint({ kind: "gbnf", grammar }, bytesAndMore), {
      code: "invalid_input",
      message,
    });
  });
}

Deno.test("a grammar refers to rules made of schemas", () => {
  const spec = {
    kind: "gbnf" as const,
    grammar: 'root ::= "call(" arguments ", " count ")"',
    schemas: {
      arguments: { type: "object", properties: { x: { type: "integer" } } },
      count: { type: "integer" },
    },
  };
  strictEqual(judgeSpec(spec, 'call({"x": 3}, 12)'), "complete");
  strictEqual(judgeSpec(spec, 'call({"y"'), "refused");
  throws(
    () => judgeSpec({ ...spec, grammar: `${spec.grammar}\ncount ::= "1"` }, ""),
    { message: /line 2, column 1: the rule "count" is defined twice/ },
  );
});
