import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { ByteBudgetCache } from "../../../inference/sampling/grammar/mask_cache.ts";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import type { Constraint } from "../../../inference/sampling/options.ts";
import { bytesAndMore, seededRandom, tokensOf } from "../../support/constraint_walk.ts";
import { byteVocabulary, vocabularyOf } from "../../support/tiny_vocabulary.ts";

const end = 256;

function gbnf(grammar: string, tokenizer = bytesAndMore): Constraint {
  return compileConstraint({ kind: "gbnf", grammar }, tokenizer).start()!;
}

function allowedTexts(constraint: Constraint, tokenizer = bytesAndMore): string[] {
  return tokensOf(constraint.mask()).map((token) => {
    return tokenizer.bytes(token).length > 0 ? tokenizer.decode([token]) : tokenizer.text(token);
  });
}

const grammars = [
  'root ::= "a" [b-n]* "me" | "name" ("日" | "é")',
  'root ::= ("\\"" [^"]* "\\"" | [0-9.]+) ("," root)?',
  'root ::= "[" (root ("," root)*)? "]" | "true" | "null"',
  'root ::= [^\\n]+ "\\n" [ ]* root? | ("ab" | "a" "b" "c") .*',
  'root ::= (<[277]> | !<[257]> | "x")+',
  'root ::= (line | word{2,9})+\nline ::= [^\\n]{1,40} "\\n"\nword ::= [a-z"]+ " "?',
];

Deno.test("the mask holds exactly the tokens that are allowed one by one", () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string", maxLength: 9 }, b: { enum: ["a", 12] } },
  };
  const constraints = [
    ...grammars.map((grammar) => gbnf(grammar)),
    compileConstraint({ kind: "json_object" }, bytesAndMore).start()!,
    compileConstraint({ kind: "json_schema", schema }, bytesAndMore).start()!,
  ];
  const random = seededRandom(3);
  for (const constraint of constraints) {
    for (let step = 0; step < 30; step++) {
      const allowed = tokensOf(constraint.mask());
      const oneByOne = Array.from({ length: bytesAndMore.size }, (_, t) => t).filter((t) =>
        constraint.allows(t)
      );
      deepStrictEqual(allowed, oneByOne);
      const choices = allowed.filter((token) => token !== end);
      if (choices.length === 0) break;
      constraint.accept(choices[Math.floor(random() * choices.length)]);
    }
  }
});

Deno.test("end tokens are allowed where the text may end, and finish it", () => {
  const constraint = gbnf('root ::= "a" "b"?');
  strictEqual(constraint.allows(end), false);
  constraint.accept(97);
  deepStrictEqual(allowedTexts(constraint), ["b", "<|end|>"]);
  strictEqual(constraint.finished, false);
  const other = constraint.clone();
  constraint.accept(98);
  strictEqual(constraint.finished, true);
  deepStrictEqual(tokensOf(constraint.mask()), [end]);
  other.accept(end);
  strictEqual(other.finished, true);
});

Deno.test("accept throws for a token that is not allowed, and changes nothing", () => {
  const constraint = gbnf('root ::= "ab"');
  throws(() => constraint.accept(98), { code: "internal" });
  throws(() => constraint.accept(100_000), { code: "internal" });
  constraint.accept(97);
  strictEqual(constraint.allows(98), true);
});

Deno.test("characters may be cut into several tokens", () => {
  const constraint = gbnf("root ::= [à-ï]{2}");
  deepStrictEqual(tokensOf(constraint.mask()).filter((t) => t < 256), [0xc3]);
  constraint.accept(0xc3);
  strictEqual(constraint.allows(end), false);
  const second = tokensOf(constraint.mask());
  deepStrictEqual([second[0], second.at(-1)], [0xa0, 0xaf]);
  strictEqual(constraint.allows(0xb0), false);
});

Deno.test("bytes that are not UTF-8 never come", () => {
  const constraint = gbnf("root ::= .*");
  for (const byte of [0xff, 0xc0, 0xc1, 0x80, 0xf5]) strictEqual(constraint.allows(byte), false);
  constraint.accept(0xed);
  strictEqual(constraint.allows(0xa0), false);
});

Deno.test("control tokens come only where the grammar names them", () => {
  const tokenizer = byteVocabulary("<|tool|>", "<think>", "ab");
  const tool = tokenizer.find("<|tool|>")!, think = tokenizer.find("<think>")!;
  strictEqual(gbnf("root ::= .*", tokenizer).allows(tool), false);
  const named = gbnf("root ::= <|tool|> [a-z]+ <[258]> !<[258]>", tokenizer);
  deepStrictEqual(tokensOf(named.mask()), [tool]);
  named.accept(tool);
  named.accept(tokenizer.find("ab")!);
  strictEqual(named.allows(60), false); // "<" as text is not the token <think>
  named.accept(think);
  ok(
    named.allows(97) && named.allows(0xff) && !named.allows(think) && !named.allows(tool) &&
      !named.allows(end),
  );
});

Deno.test("tokens without text are refused", () => {
  const tokenizer = vocabularyOf(["a", "", "<|end|>"]);
  deepStrictEqual(tokensOf(gbnf("root ::= .*", tokenizer).mask()), [0, 2]);
});

Deno.test("a constraint begins after text that is there already", () => {
  const compiled = compileConstraint({ kind: "json_object" }, bytesAndMore);
  const constraint = compiled.start('{"a": ')!;
  strictEqual(constraint.allows(49), true);
  strictEqual(constraint.allows(125), false);
  strictEqual(compiled.start("[1"), undefined);
});

Deno.test("equal specs share what is compiled", () => {
  const spec = { kind: "gbnf" as const, grammar: 'root ::= "shared"' };
  strictEqual(compileConstraint(spec, bytesAndMore), compileConstraint({ ...spec }, bytesAndMore));
  notStrictEqual(compileConstraint(spec, bytesAndMore), compileConstraint(spec, byteVocabulary()));
});

Deno.test("deep nesting is no deeper work", () => {
  const depth = 20_000;
  const compiled = compileConstraint({ kind: "json_object" }, bytesAndMore);
  const constraint = compiled.start(`{"a":${"[".repeat(depth)}1${"]".repeat(depth)}`)!;
  strictEqual(constraint.allows(93), false);
  constraint.accept(125);
  strictEqual(constraint.finished, true);
});

Deno.test("grammars that can be read in very many ways stay small", () => {
  const ambiguous = compileConstraint(
    { kind: "gbnf", grammar: 'root ::= a\na ::= "x" a? a? a?' },
    bytesAndMore,
  );
  strictEqual(ambiguous.start("x".repeat(500))!.allows(end), true);
});

Deno.test("a byte budget keeps what was used last", () => {
  const cache = new ByteBudgetCache<string, number>(10);
  cache.set("a", 1, 4);
  cache.set("b", 2, 4);
  strictEqual(cache.get("a"), 1);
  cache.set("c", 3, 4);
  deepStrictEqual([cache.get("a"), cache.get("b"), cache.get("c"), cache.bytes], [1, undefined, 3, 8]);
  cache.set("a", 5, 1);
  deepStrictEqual([cache.get("a"), cache.bytes], [5, 5]);
});
