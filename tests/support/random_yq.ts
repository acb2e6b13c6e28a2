/** Expressions of yq made at random: most of them fit the documents below somewhere, many do not. */
import { seeded } from "./mutations.ts";

/** Documents that the expressions are made for: their keys, texts and numbers are those that the grammar uses. */
export const randomDocuments = [
  `name: docs
title: "Two: words"
count: 3
ratio: 1.5
on: true
none: null
servers:
  - name: fetch
    type: server
    tools: [get, put]
    env: {A: "1", B: two}
  - name: time
    type: remote
    tools: []
    rank: 2
  - name: notes
    type: server
    rank: 10
    description: |
      Keeps notes.
      Finds them.
tags: [b, a, c, a]
numbers: [3, 1, 2.5, -4]
deep: {x: {y: [1, [2, [3]]]}, "z z": é}
`,
  `- 1\n- two\n- [3, 4]\n- {k: v, n: 1}\n- null\n- true\n- "5"\n- 2026-01-31\n`,
  `a: {b: {c: 1, d: [x, y]}, e: f}\nb: {b: {c: 2, d: [z]}, g: ~}\nc: "null"\nd: 0x1F\ne: ""\n`,
  `plain text\n`,
];

const keys = [
  "name",
  "count",
  "servers",
  "tags",
  "numbers",
  "deep",
  "x",
  "a",
  "b",
  "c",
  "rank",
  "tools",
  "nope",
  "env",
];
const patterns = [
  "e",
  "^[a-z]+$",
  "(?i)T",
  "(o)(t)?",
  "(?P<first>[a-z])(?P<rest>.*)",
  "\\\\w+",
  "[^aeiou]+",
  "$",
  ".",
];

/** One expression. The same seed gives the same. */
export function randomYq(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(list: T[]): T => list[random(list.length)];
  const text = () => `"${pick(["a", "fetch", "e", "", "x y", "*e*", "1", "é", ",", "two"])}"`;
  const number = () => pick(["0", "1", "2", "-1", "3", "1.5", "10"]);
  const literal = () => pick([text, number, () => pick(["true", "false", "null"])])();

  const step = () =>
    pick([
      () => `.${pick(keys)}`,
      () => `.${pick(keys)}`,
      () => ".[]",
      () => `.[${pick(["0", "1", "-1", "2"])}]`,
      () => `.[${pick(["1:", ":2", "0:1", "-2:", "1:-1"])}]`,
      () => `.["${pick(keys)}"]`,
      () => `."${pick(keys)}"`,
      () => `.${pick(["*", "n*", "?"])}`,
    ])();
  const path = () => pick([1, 1, 1, 2, 2, 3]) === 1 ? step() : `${step()}${step()}`.replaceAll("..", ".");
  // deno-fmt-ignore
  const nullary = () =>
    pick([
      "length", "keys", "sort", "unique", "reverse", "flatten", "flatten(1)", "to_entries", "tag", "kind", "path",
      "key", "parent", "not", "min", "max", "any", "all", "to_number", "to_string", "upcase", "trim", "@json",
      "to_json", "to_yaml", "@base64", "@uri", "@sh", "@csv", "from_yaml", "..", "first", "is_key", "root",
      "parent(2)", "parents", "style", "pivot", "array_to_map", "...", "from_entries", "@tsv", "@base64d", "to_json(1)",
    ]);

  const unary = (depth: number) =>
    pick([
      () => `select(${condition(depth)})`,
      () => `map(${any(depth)})`,
      () => `map_values(${any(depth)})`,
      () => `filter(${condition(depth)})`,
      () => `sort_by(${path()})`,
      () => `group_by(${path()})`,
      () => `unique_by(${any(depth)})`,
      () => `has(${pick([text(), number(), `"${pick(keys)}"`])})`,
      () => `pick(["${pick(keys)}", "${pick(keys)}"])`,
      () => `omit(["${pick(keys)}"])`,
      () => `del(${path()})`,
      () =>
        `with_entries(${
          pick([`select(.key != "${pick(keys)}")`, '.key |= "k_" + .', ".value |= tag", any(depth)])
        })`,
      () => `contains(${pick([text(), `[${text()}]`, `{"name": ${text()}}`])})`,
      () =>
        `${pick(["test", "match", "capture"])}(${pick([`"${pick(patterns)}"`, `"${pick(patterns)}"; "g"`])})`,
      () => `sub("${pick(patterns)}"; ${text()})`,
      () => `split(${text()})`,
      () => `join(${text()})`,
      () => `any_c(${condition(depth)})`,
      () => `all_c(${condition(depth)})`,
      () => `first(${condition(depth)})`,
      () => `sort_keys(${pick([".", "..", path()])})`,
      () => `with(${path()}; ${assignment(depth)})`,
      () => `eval(${text()})`,
    ])();
  const condition = (depth: number): string =>
    pick([
      () => `${path()} ${pick(["==", "!=", "<", ">=", ">", "<="])} ${literal()}`,
      () => `${condition(depth - 1)} ${pick(["and", "or"])} ${condition(depth - 1)}`,
      () => any(depth - 1),
      () => `tag == "!!${pick(["str", "int", "map", "seq", "null"])}"`,
    ])();
  const assignment = (depth: number): string =>
    `${path()} ${pick(["=", "|=", "+=", "*=", "-=", "|=", "="])} ${
      pick([literal(), any(depth - 1), "[1]", '{"q": 1}'])
    }`;
  /** Something that what follows is made for. */
  const fitting = (depth: number) =>
    pick([
      () => `(.. | select(tag == "!!str")) | ${pick(ofTexts(depth))}`,
      () =>
        `(.. | select(tag == "!!int" or tag == "!!float")) | ${
          pick(["@json", `. ${pick(["+", "*", "%", "-", "/"])} ${number()}`, "to_string"])
        }`,
      () => `(.. | select(tag == "!!seq")) | ${pick(ofLists(depth))}`,
      () => `(.. | select(tag == "!!map")) | ${pick(ofMaps(depth))}`,
      () => `.servers | ${pick(ofLists(depth))}`,
      () => `(.tags, .numbers) | ${pick(ofLists(depth))}`,
    ])();
  // deno-fmt-ignore
  const ofTexts = (depth: number) => [
    "upcase", "length", "trim", "@sh", "@base64", "@uri", `split(${text()})`, `. + ${literal()}`, `. * ${number()}`,
    `sub("${pick(patterns)}"; ${text()})`, `[match("${pick(patterns)}"; "g")]`, `capture("${pick(patterns)}")`,
    `test("${pick(patterns)}")`, `contains(${text()})`, ". / \"e\"", ".[1:3]", `. < ${text()}`, condition(depth), "from_yaml",
  ];
  // deno-fmt-ignore
  const ofLists = (depth: number) => [
    "length", "sort", "reverse", "unique", "flatten", "keys", "first", "any", "all", "to_entries", "@json", "to_yaml",
    ".[1:]", ".[-1]", ".[0]", "array_to_map", `map(${any(depth - 1)})`, `filter(${condition(depth - 1)})`, "join(\"-\")",
    `sort_by(${path()})`, `group_by(${path()})`, `unique_by(${path()})`, `. + ${literal()}`, ". - [1]", ". *d [{\"a\": 1}]",
    ". *+ [1]", `any_c(${condition(depth - 1)})`, `all_c(${condition(depth - 1)})`, `has(${number()})`, "max", "min",
    `first(${condition(depth - 1)})`, `map_values(${any(depth - 1)})`, `.[] as $v ireduce (0; . + 1)`, "pick([0, 1])",
    "omit([0])", "del(.[0])", "del(.[1:])", "[.[] | path]", "(.[] | select(. == 1)) |= 5", "contains([1])", ".[2] = 7",
  ];
  // deno-fmt-ignore
  const ofMaps = (depth: number) => [
    "length", "keys", "to_entries", "sort", "@json", "to_yaml", "sort_keys(.)", `map_values(${any(depth - 1)})`,
    `with_entries(.value |= ${any(depth - 1)})`, `with_entries(select(.value | ${condition(depth - 1)}))`, `has("${pick(keys)}")`,
    `pick(["${pick(keys)}"])`, `omit(["${pick(keys)}"])`, `del(.${pick(keys)})`, `. * {"${pick(keys)}": ${any(depth - 1)}}`,
    `. + {"${pick(keys)}": ${literal()}}`, `contains({"name": ${text()}})`, `.${pick(keys)} ${pick(["=", "|=", "+="])} ${any(depth - 1)}`,
    "map(tag)", "[.[]]", "[...]", `{"k": .${pick(keys)}, (.name // "n"): 1}`, `[.[] | parent | kind]`, "[.. | path | join(\"/\")]",
    `. *n {"${pick(keys)}": 1, "q": {"r": 1}}`, `{"list": [.[]]} *+ {"list": [1]}`, `setpath(["${pick(keys)}", 0]; 1)`,
    `delpaths([["${pick(keys)}"]])`, "is_key", "sort_by(.)", `.["${pick(keys)}"] // "none"`,
  ];
  const atom = (depth: number): string =>
    pick([path, path, path, () => ".", literal, nullary, () => depth > 0 ? unary(depth - 1) : path()])();
  const any = (depth: number): string => {
    if (depth <= 0) return atom(0);
    return pick([
      () => atom(depth),
      () => `${any(depth - 1)} | ${any(depth - 1)}`,
      () => fitting(depth - 1),
      () => fitting(depth - 1),
      () => fitting(depth - 1),
      () => `${path()} | ${atom(depth)}`,
      () =>
        `${any(depth - 1)} ${pick(["+", "-", "*", "/", "%", "//", "==", "*+", "*d", "*n", ","])} ${
          any(depth - 1)
        }`,
      () => `(${any(depth - 1)})`,
      () => `[${any(depth - 1)}]`,
      () => `{${text()}: ${any(depth - 1)}, "k": ${atom(0)}}`,
      () => `(${assignment(depth)})`,
      () => `${path()} as $v | ${pick(["$v", "[$v, .]", "$v | tag"])}`,
      () => `${path()} as $v ireduce (${pick(["0", "{}", "[]", '""'])}; . + ${pick(["$v", "[$v]", "1"])})`,
      () => `if ${condition(depth - 1)} then ${any(depth - 1)} else ${any(depth - 1)} end`,
      () => `"<\\(${path()})>"`,
    ])();
  };
  return any(3);
}
