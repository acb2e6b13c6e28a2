/** Expressions of yq over texts, patterns and numbers that are hard to write and to read, made at random. */
import { seeded } from "./mutations.ts";

export interface RandomCase {
  expression: string;
  document: string;
  format: "json" | "yaml";
}

type Pick = <T>(list: T[]) => T;

/** Texts that YAML has to quote, to escape or to lay out in blocks. */
// deno-fmt-ignore
const pieces = [
  "a", "b c", " ", "\n", "\t", ":", ": ", " #", "#", "-", "- ", "'", '"', "\\", "{", "}", "[", ",", "&", "*", "!", "|",
  ">", "%", "@", "`", "?", "1", "0", ".", "e", "true", "null", "~", "é", "😀", "\u0085", "\u0001", "\r", "\r\n", "<<", "=",
  "2026-01-01", "0x1", "_", "+", "\u00a0", "---", "\u007f",
];

export function randomLayout(seed: number): RandomCase {
  const random = seeded(seed);
  const pick: Pick = (list) => list[random(list.length)];
  const text = () => Array.from({ length: random(5) }, () => pick(pieces)).join("");
  const value = (depth: number): unknown => {
    const kind = random(depth > 0 ? 8 : 5);
    if (kind < 4) return text();
    if (kind === 4) return pick([1, 1.5, null, true, -2, 1e21, 1e-7, 123456789, 0.1]);
    if (kind === 5) return Array.from({ length: random(3) }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: random(4) }, () => [text(), value(depth - 1)]));
  };
  const style = pick(["single", "double", "flow", "literal", "folded", ""]);
  const printed = pick(["to_yaml", "to_yaml(4)", "@json", "to_json(3)"]);
  return {
    expression: `${pick([".", `.. style="${style}"`, `... style="${style}"`])} | ${printed}`,
    document: JSON.stringify({ x: value(3), y: [value(2)] }),
    format: "json",
  };
}

// deno-fmt-ignore
const atoms = [
  "a", "b", ".", "\\d", "\\w", "\\s", "[a-c]", "[^a]", "\\b", "^", "$", "(a|b)", "(?:ab)", "(?P<n>b)", "[[:alpha:]]", "\\.",
  "x*", "\\pL", "(a)?", "|", "é", "[\\w-]", "a{2}", "{", "}", "]", "\\D", "(?i:B)", "\\Q.+\\E", "\\x61", "-", "[]a]", "\\A",
  "\\z", "\\/", "(", "\\-", "\\W", "[a\\-z]",
];

export function randomPattern(seed: number): RandomCase {
  const random = seeded(seed);
  const pick: Pick = (list) => list[random(list.length)];
  const atom = () => pick(atoms) + pick(["", "", "", "*", "+", "?", "*?", "+?"]);
  const flags = pick(["", "", "(?i)", "(?s)", "(?m)"]);
  const pattern = JSON.stringify(flags + Array.from({ length: 1 + random(4) }, atom).join(""));
  const letters = ["a", "b", "AB", "é", " ", "1", "\n", ".", "-", "_", "x", "]", "😀", "{"];
  return {
    expression: pick([
      `test(${pattern})`,
      `[match(${pattern})]`,
      `[match(${pattern}; "g")]`,
      `[capture(${pattern}; "g")]`,
      `sub(${pattern}; "<$0$1\${n}>")`,
    ]),
    document: JSON.stringify(Array.from({ length: random(7) }, () => pick(letters)).join("")),
    format: "json",
  };
}

// deno-fmt-ignore
const numbers = [
  "1", "0", "-3", "1.5", "2.50", "1e3", "1e6", "123456.5", "1234567.25", "0.0001", "0.00001", "9007199254740993",
  "9223372036854775807", "-0", "0x1F", "0o17", "017", "1_000", ".5", "5.", ".inf", "-.inf", ".nan", '"x"', "true", "null",
  "1e400", "99999999999999999999", "1.0", "3", "7", "2.5e-9", "+5", "0b11", '"12"', '"2020-01-01T00:00:00Z"', "1:30",
];

export function randomArithmetic(seed: number): RandomCase {
  const random = seeded(seed);
  const pick: Pick = (list) => list[random(list.length)];
  return {
    expression: pick([
      `.a ${pick(["+", "-", "*", "/", "%", "<", ">=", "==", "//"])} .b`,
      `.a ${pick(["+=", "-=", "*="])} .b`,
      `[.a, .b] | ${pick(["sort", "max", "min", "unique", "@json"])}`,
      `.a | ${pick(["to_number", "to_string", "tag", "length"])}`,
      ".[] |= tag",
    ]),
    document: `a: ${pick(numbers)}\nb: ${pick(numbers)}\n`,
    format: "yaml",
  };
}
