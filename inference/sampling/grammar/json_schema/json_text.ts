/** The pieces of JSON's own syntax, as grammar expressions. */
import { charactersOf, codePoints, type CodePointSet, difference, intersection } from "../code_points.ts";
import { choice, type Expression, optional, repeat, sequence, set, text } from "../grammar.ts";

/** Whitespace between JSON's tokens, bounded so that a model cannot write blanks for ever (as llama.cpp does). */
export const blank: Expression = optional(choice(
  text(" "),
  sequence(text("\n"), repeat(set(charactersOf(" \t")), 0, 20)),
));

const hex = set(charactersOf("", "09", "af", "AF"));

/** Characters that stand for themselves in a string. */
const raw: CodePointSet = codePoints([[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0xd7ff], [
  0xe000,
  0x10ffff,
]]);

/** \uXXXX; surrogates only as pairs, so that an escape is always one whole character. */
const unicodeEscape = sequence(
  text("u"),
  choice(
    sequence(set(charactersOf("", "09", "ac", "AC", "ef", "EF")), repeat(hex, 3, 3)),
    sequence(set(charactersOf("dD")), set(charactersOf("", "07")), repeat(hex, 2, 2)),
    sequence(
      set(charactersOf("dD")),
      set(charactersOf("89abAB")),
      repeat(hex, 2, 2),
      text("\\u"),
      set(charactersOf("dD")),
      set(charactersOf("", "cf", "CF")),
      repeat(hex, 2, 2),
    ),
  ),
);

/** One character of a string, in any spelling. */
export const anyCharacter: Expression = choice(
  set(raw),
  sequence(text("\\"), choice(set(charactersOf('"\\/bfnrt')), unicodeEscape)),
);

const shortEscapes: [codePoint: number, escape: string][] = [
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x08, "\\b"],
  [0x0c, "\\f"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
];

/**
 * The expression's text as it is written between a string's quotes, each character in one spelling only: so
 * that two keys are the same exactly when their spellings are.
 */
export function inString(e: Expression): Expression {
  switch (e.kind) {
    case "text":
      return text(JSON.stringify(e.text).slice(1, -1).replaceAll("\x7f", "\\u007f"));
    case "set":
      return setInString(e.set);
    case "sequence":
    case "choice":
      return { kind: e.kind, items: e.items.map(inString) };
    case "repeat":
      return repeat(inString(e.item), e.min, e.max);
    case "rule":
    case "token":
      return e;
  }
}

function setInString(characters: CodePointSet): Expression {
  const items: Expression[] = [];
  const plain = intersection(characters, raw);
  if (plain.length > 0) items.push(set(plain));
  const escaped = difference(characters, raw);
  for (const [first, last] of escaped) {
    for (let c = first; c <= last && c < 0x80; c++) {
      const short = shortEscapes.find(([codePoint]) => codePoint === c)?.[1];
      items.push(text(short ?? `\\u${c.toString(16).padStart(4, "0")}`));
    }
  }
  return { kind: "choice", items };
}

/** A JSON value written out, with freedom of whitespace only. */
export function literal(value: unknown): Expression {
  if (Array.isArray(value)) return list("[", value.map(literal), "]");
  if (value !== null && typeof value === "object") {
    return list("{", Object.entries(value).map(([key, v]) => member(text(key), literal(v))), "}");
  }
  if (typeof value === "string") return quoted(inString(text(value)));
  return text(JSON.stringify(value));
}

/** `content` between quotes. */
export function quoted(content: Expression): Expression {
  return sequence(text('"'), content, text('"'));
}

/** `"key": value`; the key as plain text, not yet spelled for a string. */
export function member(key: Expression, value: Expression): Expression {
  return sequence(quoted(inString(key)), blank, text(":"), blank, value, blank);
}

/** `, item`. */
export function following(item: Expression): Expression {
  return sequence(text(","), blank, item);
}

function list(open: string, items: Expression[], close: string): Expression {
  const separated = items.flatMap((item, i) => [...(i > 0 ? [text(","), blank] : []), item, blank]);
  return sequence(text(open), blank, ...separated, text(close));
}
