/**
 * Words of an expression. yq's lexer tries its rules in order and takes the first that fits, so that the
 * order of the table is part of the language: `.a.b` is two steps, `1-1` are two numbers, `sorted` is `sort`
 * and something unknown.
 */
import { SkiffError } from "../errors/skiff_error.ts";
import { syntaxError } from "./failure.ts";
import { newNode } from "./node.ts";
import { type Operation, operation, type OperationName, type Options, shapeOf } from "./operations.ts";
import { parseWhole } from "./scalar.ts";

export type Bracket = "(" | ")" | "[" | "]" | "{" | "}" | ".[";

export interface Token {
  word: string;
  at: number;
  bracket?: Bracket;
  operation?: Operation;
  /** What it is when `=` or `|=` follows. */
  assigning?: OperationName;
  /** A path or `[…]` right behind it goes on from its result. */
  traversable: boolean;
}

type Make = (word: string, at: number) => Token | undefined;
type Rule = [pattern: RegExp, make: Make];

function word(pattern: RegExp, name: OperationName, options: Options = {}, assigning?: OperationName): Rule {
  return [pattern, (word, at) => token(operation(name, options, word.trim(), at), assigning)];
}

/** Of words that say more than their name. */
function wordOf(pattern: RegExp, name: OperationName, options: (word: string) => Options): Rule {
  return [pattern, (word, at) => token(operation(name, options(word), word, at))];
}

function literal(pattern: RegExp, tag: string): Rule {
  return [pattern, (word, at) => {
    if (tag === "!!int") parseWhole(word);
    return token(operation("value", { node: newNode("scalar", tag, word) }, word, at));
  }];
}

function bracket(pattern: RegExp, kind: Bracket): Rule {
  return [
    pattern,
    (word, at) => ({ word, at, bracket: kind, traversable: kind === ")" || kind === "]" || kind === "}" }),
  ];
}

function refused(pattern: RegExp, reason: string): Rule {
  return [pattern, (word) => {
    throw new SkiffError("unsupported", `yq: "${word.trim()}" is left out here: ${reason}`, {
      hint: "Print `--format yaml` into mikefarah's yq for the whole language.",
    });
  }];
}

function token(operation: Operation, assigning?: OperationName): Token {
  const { word, at, name } = operation;
  return { word, at, operation, assigning, traversable: Boolean(shapeOf(name).traversable) };
}

const outside = "an expression sees the document, and nothing else of this machine";
const comments = "the document has no comments";
const anchors = "the document has no anchors and aliases";
const places = "there is one document, and no file";
const dates = "times are compared and sorted, not calculated with";
const formats = "formats are yaml, json, csv, tsv, base64, uri and sh";

const rules: Rule[] = [
  refused(/(line|head|foot)_?[cC]omment/, comments),

  bracket(/\(/, "("),
  bracket(/\)/, ")"),
  bracket(/\.\[/, ".["),
  bracket(/\[/, "["),
  bracket(/\]\??/, "]"),
  bracket(/\{/, "{"),
  bracket(/\}/, "}"),

  word(/\.\.\./, "recursive_descent", { keys: true }),
  word(/\.\./, "recursive_descent"),
  wordOf(/\$[a-zA-Z_\-0-9]+/, "variable", (word) => ({ text: word.slice(1) })),
  word(/as/, "assign_variable"),
  word(/ref/, "assign_variable", { byReference: true }),
  word(/:\s*/, "map_entry"),

  word(/length/, "length"),
  refused(/line|column/, places),
  word(/eval/, "eval"),
  word(/to_?number/, "to_number"),
  word(/map_?values/, "map_values"),
  word(/map/, "map"),
  word(/filter/, "filter"),
  word(/pick/, "pick"),
  word(/omit/, "omit"),
  wordOf(/flatten\([0-9]+\)/, "flatten", (word) => ({ depth: numberIn(word) })),
  word(/flatten/, "flatten", { depth: -1 }),
  refused(/format_datetime|now|tz|from_?unix|to_?unix|with_dtf/, dates),
  word(/error/, "error"),
  refused(/shuffle/, "it gives something else each time"),
  word(/sortKeys|sort_?keys/, "sort_keys"),
  word(/array_?to_?map/, "expression", {
    text: "(.[] | select(. != null) ) as $i ireduce({}; .[$i | key] = $i)",
  }),
  word(/root/, "expression", { text: "parent(-1)" }),
  wordOf(/to_?yaml\([0-9]+\)/, "encode", (word) => ({ format: "yaml", indent: numberIn(word) })),
  refused(/to_?xml\([0-9]+\)/, formats),
  wordOf(/to_?json\([0-9]+\)/, "encode", (word) => ({ format: "json", indent: numberIn(word) })),
  word(/from_?yaml|@yamld|from_?json|@jsond/, "decode", { format: "yaml" }),
  word(/to_?yaml|@yaml/, "encode", { format: "yaml", indent: 2 }),
  word(/to_?json/, "encode", { format: "json", indent: 2 }),
  word(/@json/, "encode", { format: "json", indent: 0 }),
  refused(/(from|to)_?(props|xml)|@(props|xml)d?|from_?[ct]sv|@[ct]svd/, formats),
  word(/to_?csv|@csv/, "encode", { format: "csv" }),
  word(/to_?tsv|@tsv/, "encode", { format: "tsv" }),
  word(/@base64urld/, "decode", { format: "base64url" }),
  word(/@base64url/, "encode", { format: "base64url" }),
  word(/@base64d/, "decode", { format: "base64" }),
  word(/@base64/, "encode", { format: "base64" }),
  word(/@urid/, "decode", { format: "uri" }),
  word(/@uri/, "encode", { format: "uri" }),
  word(/@sh/, "encode", { format: "sh" }),
  refused(/load_?(xml|base64|props|str)|(xml|str)_?load|load|system/, outside),
  refused(/splitDoc|split_?doc/, places),

  word(/select/, "select"),
  word(/has/, "has"),
  word(/unique_?by/, "unique_by"),
  word(/unique/, "unique"),
  word(/group_?by/, "group_by"),
  refused(/explode/, anchors),
  word(/or/, "or"),
  word(/and/, "and"),
  word(/not/, "not"),
  word(/ireduce/, "reduce"),
  word(/join/, "join"),
  word(/sub/, "sub"),
  word(/match/, "match"),
  word(/capture/, "capture"),
  word(/test/, "test"),
  word(/sort_?by/, "sort_by"),
  word(/sort/, "sort"),
  word(/first/, "first"),
  word(/reverse/, "reverse"),
  word(/any_c/, "any_c"),
  word(/any/, "any"),
  word(/all_c/, "all_c"),
  word(/all/, "all"),
  word(/contains/, "contains"),
  word(/split/, "split"),
  word(/parents/, "parents"),
  [/parent\(-?[0-9]+\)/, (word, at) => traversable(operation("parent", { level: numberIn(word) }, word, at))],
  [/parent/, (word, at) => traversable(operation("parent", { level: 1 }, word, at))],
  word(/keys/, "keys"),
  word(/key/, "key"),
  word(/is_?key/, "is_key"),
  refused(/file_?name|fileName|file_?index|fileIndex|fi/, places),
  word(/path/, "path"),
  word(/set_?path/, "set_path"),
  word(/del_?paths/, "del_paths"),
  word(/to_?entries|toEntries/, "to_entries"),
  word(/from_?entries|fromEntries/, "from_entries"),
  word(/with_?entries|withEntries/, "with_entries"),
  word(/with/, "with"),
  word(/collect/, "collect"),
  word(/del/, "del"),
  word(/style/, "style", {}, "assign_style"),
  word(/tag|type/, "tag", {}, "assign_tag"),
  word(/kind/, "kind"),
  refused(/anchor|alias/, anchors),
  refused(/comments\s*\|?=/, comments),

  bracket(/if/, "("),
  word(/then/, "if_then"),
  word(/elif|else/, "if_else"),
  bracket(/end/, ")"),

  word(/;/, "block"),
  word(/\/\//, "alternative"),
  refused(/documentIndex|document_?index|di/, places),
  word(/upcase|ascii_?upcase/, "change_case", { upper: true }),
  word(/downcase|ascii_?downcase/, "change_case", { upper: false }),
  word(/trim/, "trim"),
  word(/to_?string/, "to_string"),

  literal(/0[xX][0-9A-Fa-f]+/, "!!int"),
  literal(/-?[1-9](\.\d+)?[Ee][-+]?\d+/, "!!float"),
  literal(/-?\d+(\.\d+)/, "!!float"),
  literal(/-?\d+/, "!!int"),
  literal(/[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]/, "!!bool"),
  literal(/[Nn][Uu][Ll][Ll]|~/, "!!null"),
  wordOf(
    /"([^"\\]*(\\.[^"\\]*)*)"/,
    "interpolation",
    (word) => ({ text: withoutEscapes(word.slice(1, -1)) }),
  ),
  refused(/(str)?env\([^\)]+\)|envsubst(\((ne|nu|ff| |,)+\))?/, outside),

  word(/\s*==\s*/, "equals"),
  word(/\s*!=\s*/, "not_equals"),
  word(/\s*>=\s*/, "compare", { greater: true, orEqual: true }),
  word(/\s*<=\s*/, "compare", { orEqual: true }),
  word(/\s*>\s*/, "compare", { greater: true }),
  word(/\s*<\s*/, "compare"),
  word(/min/, "min"),
  word(/max/, "max"),
  wordOf(/\|=[c]*/, "assign", (word) => ({ update: true, clobber: word.includes("c") })),
  wordOf(/=[c]*/, "assign", (word) => ({ clobber: word.includes("c") })),
  [/[ \t\n]+/, () => undefined],

  wordOf(/\."[^ "]+"\??/, "traverse", (word) => stepIn(word, true)),
  wordOf(/\.[^ ;\}\{\:\[\],\|\.\[\(\)=\n!]+\??/, "traverse", (word) => stepIn(word, false)),
  word(/\|/, "pipe"),
  word(/\./, "self"),
  word(/,/, "union"),
  wordOf(/\*=[+|?cdn]*/, "multiply_assign", mergeOptions),
  wordOf(/\*[+|?cdn]*/, "multiply", mergeOptions),
  word(/\//, "divide"),
  word(/%/, "modulo"),
  word(/\+=/, "add_assign"),
  word(/\+/, "add"),
  word(/-=/, "subtract_assign"),
  word(/-/, "subtract"),
  [/#.*/, () => undefined],
  word(/pivot/, "pivot"),
];

const sticky = rules.map(([pattern, make]) => [new RegExp(pattern, "y"), make] as const);

/** The tokens of an expression. Throws at what is no word of the language, and at words that are left out. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const [word, make] = nextWord(text, at);
    const found = make(word, at);
    if (found) tokens.push(found);
    at += word.length;
  }
  return tokens;
}

function nextWord(text: string, at: number): [string, Make] {
  for (const [pattern, make] of sticky) {
    pattern.lastIndex = at;
    const word = pattern.exec(text)?.[0];
    if (word) return [word, make];
  }
  const rest = text.slice(at).split("\n")[0];
  const shown = rest.length > 16 ? `${rest.slice(0, 16)}…` : rest;
  throw syntaxError(text, at, `no operator or value begins with \`${shown}\``, hintFor(rest));
}

const wordsOfJq =
  /^(add|empty|endswith|gsub|index|input|isvalid|last|limit|ltrimstr|range|reduce|rtrimstr|splits|startswith|until|walk|while)\b/;

/** What may have been meant. */
function hintFor(rest: string): string | undefined {
  const foreign = wordsOfJq.exec(rest)?.[1];
  if (foreign) return `\`${foreign}\` is a word of jq, not of yq: print \`--format json\` into jq.`;
  if (rest.startsWith("'")) return "Texts stand in double quotes.";
  if (rest.startsWith('"')) return "The text is not closed.";
  return /^\w/.test(rest) ? 'A key is written `.name`, a text `"name"`.' : undefined;
}

function traversable(operation: Operation): Token {
  return { ...token(operation), traversable: true };
}

function numberIn(word: string): number {
  return Number(/\((-?\d+)\)/.exec(word)![1]);
}

function stepIn(word: string, quoted: boolean): Options {
  const optional = word.endsWith("?");
  const step = word.slice(1, optional ? -1 : undefined);
  return { step: quoted ? step.slice(1, -1) : step, optional };
}

function mergeOptions(word: string): Options {
  return {
    append: word.includes("+"),
    deep: word.includes("d"),
    onlyNull: word.includes("n"),
    clobber: word.includes("c"),
    existing: word.includes("?"),
  };
}

const escapes: Record<string, string> = {
  '"': '"',
  n: "\n",
  t: "\t",
  r: "\r",
  f: "\f",
  v: "\v",
  b: "\b",
  a: "\x07",
};

/** `\\(` stays, so that it is no interpolation. */
function withoutEscapes(text: string): string {
  return text.replace(
    /\\(\\\(?|["ntrfvba])/g,
    (all, escaped: string) =>
      escaped === "\\(" ? String.raw`\\(` : escaped === "\\" ? "\\" : escapes[escaped] ?? all,
  );
}
