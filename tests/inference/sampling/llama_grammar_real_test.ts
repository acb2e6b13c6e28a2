/** Token masks against llama.cpp's grammar sampler: the whole set of allowed tokens, step by step. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import { openTokenizer, type Tokenizer, tokenTypes } from "../../../inference/tokenizer/mod.ts";
import { seededRandom, tokensOf } from "../../support/constraint_walk.ts";
import { LlamaVocabulary } from "../../support/llama_grammar.ts";
import { llamaSourceModels } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";

const vocabularies = ["llama-spm", "gpt-2", "qwen35"];
const llamaFiles = ["arithmetic", "c", "chess", "english", "japanese", "json", "json_arr", "list"];
const ownGrammars: Record<string, string> = {
  "counted repetitions": 'root ::= [ab]{2,4} (" " [0-9]{3}){0,2} "."{1,} "\\n"',
  "ambiguous nesting": 'root ::= a\na ::= "x" a? a? | "(" a ")" ","?',
  "negated classes, escapes": 'root ::= ([^a-z\\x41-\\u005A\\U0001F600] | "\\"\\\\" | [\\]\\-])+ "end"',
  "any characters": 'root ::= . . . "=" .*',
  "empty alternatives": 'root ::= ("a" | ) b? c*\nb ::= "b" | "bb"\nc ::= ("c" | "cc" b)',
  "tokens by their numbers": "root ::= (<[100]> | !<[101]>) (<[260]> | <[261]> !<[262]>)*",
  "rules across lines":
    "root ::= (\n  item # first\n  | item root\n)\nitem ::= [ \\t\\n]* [A-Za-z]+ |\n  [0-9]",
};
const stepsAWalk = 12;

realTest("every step allows the tokens that llama.cpp allows", async () => {
  const folder = await llamaSourceModels();
  const vocabulary = await LlamaVocabulary.load(`${folder}/models/ggml-vocab-gpt-2.gguf`);
  vocabulary.close();
  return folder;
}, async (folder, t) => {
  const grammars = { ...ownGrammars };
  for (const name of llamaFiles) {
    grammars[`${name}.gbnf`] = await Deno.readTextFile(`${folder}/grammars/${name}.gbnf`);
  }
  for (const name of vocabularies) {
    await t.step(name, async () => {
      const path = `${folder}/models/ggml-vocab-${name}.gguf`;
      const tokenizer = openTokenizer(await openGguf(path));
      const vocabulary = await LlamaVocabulary.load(path);
      const comparable = comparableTokens(tokenizer);
      for (const [label, source] of Object.entries(grammars)) {
        compareWalk(`${label} with ${name}`, source, { tokenizer, vocabulary, comparable });
      }
      vocabulary.close();
    });
  }
});

interface Sides {
  tokenizer: Tokenizer;
  vocabulary: LlamaVocabulary;
  comparable: Uint8Array;
}

/**
 * llama.cpp also reads the names of control tokens as text, judges unfinished UTF-8 by ranges only, and
 * refuses tokens that begin with a zero byte: tokens where that shows are left out.
 */
function comparableTokens(tokenizer: Tokenizer): Uint8Array {
  const strict = new TextDecoder("utf-8", { fatal: true });
  return Uint8Array.from({ length: tokenizer.size }, (_, token) => {
    if (tokenizer.isEndOfGeneration(token)) return 1;
    const type = tokenizer.type(token);
    if (type !== tokenTypes.normal && type !== tokenTypes.byte) return 0;
    const bytes = tokenizer.bytes(token);
    if (bytes.length === 0 || bytes.includes(0)) return 0;
    try {
      strict.decode(bytes);
      return 1;
    } catch {
      return 0;
    }
  });
}

function compareWalk(label: string, source: string, { tokenizer, vocabulary, comparable }: Sides): void {
  const theirs = vocabulary.grammar(source);
  ok(theirs, `${label}: llama.cpp takes the grammar`);
  const ours = compileConstraint({ kind: "gbnf", grammar: source }, tokenizer).start()!;
  const random = seededRandom(label.length);
  let text = "";
  for (let step = 0; step < stepsAWalk; step++) {
    const expected = theirs.allowed();
    const mask = ours.mask();
    const wrong: string[] = [];
    for (let token = 0; token < tokenizer.size; token++) {
      const allowed = mask[token >> 5] >>> (token & 31) & 1;
      if (comparable[token] && allowed !== expected[token]) {
        wrong.push(`${JSON.stringify(tokenizer.text(token))}: ours ${allowed}`);
      }
    }
    deepStrictEqual(wrong.slice(0, 10), [], `${label}, after ${JSON.stringify(text)}`);
    const choices = tokensOf(mask).filter((token) =>
      comparable[token] && !tokenizer.isEndOfGeneration(token)
    );
    if (choices.length === 0) break;
    const token = choices[Math.floor(random() * choices.length)];
    strictEqual(ours.allows(token), true);
    ours.accept(token);
    theirs.accept(token);
    text += tokenizer.decode([token]);
  }
  theirs.close();
}

realTest("grammars that llama.cpp refuses are refused", async () => {
  const folder = await llamaSourceModels();
  const path = `${folder}/models/ggml-vocab-gpt-2.gguf`;
  return { tokenizer: openTokenizer(await openGguf(path)), vocabulary: await LlamaVocabulary.load(path) };
}, ({ tokenizer, vocabulary }) => {
  const refused = [
    'root ::= root "a" | "b"',
    'root ::= a\na ::= b? a "x"\nb ::= "y"',
    "root ::= undefined-rule",
    'root := "a"',
    'root ::= "a',
    "root ::= [a-z",
    'root ::= ("a"',
    "root ::= *",
    'start ::= "a"',
    'root ::= "\\q"',
    'root ::= "a"{2,1',
    "root ::= <no-such-token>",
  ];
  for (const source of refused) {
    strictEqual(vocabulary.grammar(source), undefined, source);
    throws(
      () => compileConstraint({ kind: "gbnf", grammar: source }, tokenizer),
      { code: "invalid_input" },
      source,
    );
  }
  vocabulary.close();
});
