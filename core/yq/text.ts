/** Texts: interpolation, case, patterns, splitting and joining. */
import { type Context, each, type Evaluate, type Handler, reading, withMatches } from "./context.ts";
import { failure } from "./failure.ts";
import {
  addChildren,
  addItem,
  addPair,
  boolAt,
  intNode,
  newNode,
  type Node,
  nullNode,
  replacement,
  tagOf,
  textNode,
} from "./node.ts";
import type { Expression } from "./operations.ts";
import { parseInner } from "./parse.ts";
import { expandReplacement, type Match, matchesOf, regularExpression } from "./regular_expression.ts";
import { writeYaml } from "./write_yaml.ts";

/** A text with `\(expression)` in it. */
export const interpolation: Handler = (context, { operation: { options: { text = "" } } }, evaluate) => {
  const contexts = context.matches.length === 0
    ? [context]
    : context.matches.map((node) => withMatches(context, [node]));
  return withMatches(
    context,
    contexts.map((one) => newNode("scalar", "!!str", interpolated(one, text, evaluate))),
  );
};

function interpolated(context: Context, text: string, evaluate: Evaluate): string {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === "(") {
      const inner = bracketed(text, i + 2);
      if (!inner) return text;
      result += shown(evaluate(context, parseInner(inner.expression)).matches[0]);
      i = inner.end;
    } else {
      if (text[i] === "\\" && text[i + 1] === "\\") i++;
      result += text[i];
    }
  }
  return result;
}

/** Up to the bracket that closes; undefined where none does. */
function bracketed(text: string, start: number): { expression: string; end: number } | undefined {
  let expression = "";
  for (let i = start, depth = 0; i < text.length; i++) {
    if (text[i] === ")" && depth-- === 0) return { expression, end: i };
    if (text[i] === "(") depth++;
    else if (text[i] === "\\" && (text[i + 1] === ")" || text[i + 1] === "\\")) i++;
    expression += text[i];
  }
  return undefined;
}

function shown(node: Node | undefined): string {
  if (!node) return "";
  return node.kind === "scalar" ? node.value : writeYaml(node).replace(/\n+$/, "");
}

export const toText = each((node) => {
  const style = node.tag === "!!str" ? "" : "double";
  return replacement(node, "scalar", "!!str", shown(node), style);
});

function textOnly(word: string, node: Node): string {
  if (tagOf(node) === "!!str") return node.value;
  throw failure(
    `${word} takes texts, not ${node.tag}`,
    '`select(tag == "!!str")` leaves out what is none; `|=` changes each value by itself.',
  );
}

export const trim = each((node) =>
  replacement(node, "scalar", node.tag, textOnly("trim", node).trim(), node.style)
);

export const changeCase = each((node, { operation: { options: { upper } } }) => {
  const text = textOnly(upper ? "upcase" : "downcase", node);
  return replacement(node, "scalar", node.tag, upper ? text.toUpperCase() : text.toLowerCase(), node.style);
});

export const join: Handler = (context, { right }, evaluate) => {
  const between = evaluate(reading(context), right).matches[0]?.value ?? "";
  return withMatches(
    context,
    context.matches.map((list) => {
      if (list.kind !== "seq") throw failure(`join takes a list, not ${list.tag}`);
      const texts = list.content.map(({ tag, value }) => tag === "!!null" ? "" : value);
      return replacement(list, "scalar", "!!str", texts.join(between));
    }),
  );
};

export const split: Handler = (context, { right }, evaluate) => {
  const between = evaluate(reading(context), right).matches[0]?.value ?? "";
  return withMatches(
    context,
    context.matches.filter(({ tag }) => tag !== "!!null").map((node) => {
      const list = replacement(node, "seq", "!!seq");
      addChildren(list, splitText(textOnly("split", node), between));
      return list;
    }),
  );
};

export function splitText(text: string, between: string): Node[] {
  if (text === "") return [];
  const parts = between === "" ? [...text] : text.split(between);
  return parts.map((part) => newNode("scalar", "!!str", part));
}

export const substitute: Handler = (context, { right: block }, evaluate) => {
  const pattern = evaluate(reading(context), block?.left).matches[0]?.value ?? "";
  const replacing = evaluate(context, block?.right).matches[0]?.value ?? "";
  const expression = regularExpression(pattern);
  return withMatches(
    context,
    context.matches.map((node) => {
      const text = textOnly("sub", node);
      let [result, end] = ["", 0];
      for (const match of matchesOf(expression, text)) {
        result += text.slice(end, match.index) + expandReplacement(replacing, match);
        end = match.index + match.text.length;
      }
      return replacement(node, "scalar", "!!str", result + text.slice(end));
    }),
  );
};

/** What `match`, `capture` and `test` look for: in brackets stands a pattern, or `pattern; "g"`. */
function searched(
  context: Context,
  pattern: Expression | undefined,
  evaluate: Evaluate,
): { find: (word: string, node: Node) => Match[] } {
  const block = pattern?.operation.name === "block" ? pattern : undefined;
  const flags = block ? evaluate(context, block.right).matches[0]?.value ?? "" : "";
  const unknown = flags.replaceAll("g", "");
  if (unknown) {
    throw failure(`"${unknown}" is no option of a match`, 'Ignore the case by `match("(?i)pattern")`.');
  }
  const text = evaluate(reading(context), block ? block.left : pattern).matches[0]?.value ?? "";
  const expression = regularExpression(text);
  return {
    find: (word, node) => {
      const matches = matchesOf(expression, textOnly(word, node));
      return flags ? matches : matches.slice(0, 1);
    },
  };
}

export const test: Handler = (context, { right }, evaluate) => {
  const { find } = searched(context, right, evaluate);
  return withMatches(context, context.matches.map((node) => boolAt(node, find("test", node).length > 0)));
};

export const match: Handler = (context, { right }, evaluate) => {
  const { find } = searched(context, right, evaluate);
  return withMatches(
    context,
    context.matches.flatMap((node) =>
      find("match", node).map((found) => {
        const offsetOf = (index: number) => bytesOf(node.value.slice(0, index));
        const map = replacement(node, "map", "!!map");
        describe(map, found.text, offsetOf(found.index));
        const captures = newNode("seq", "");
        for (const { name, text, index } of found.captures) {
          const capture = newNode("map", "");
          describe(capture, text, index === undefined ? -1 : offsetOf(index), name);
          addItem(captures, capture);
        }
        addPair(map, textNode("captures"), captures);
        return map;
      })
    ),
  );
};

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function describe(map: Node, text: string | undefined, offset: number, name = ""): void {
  addPair(map, textNode("string"), text === undefined ? nullNode() : newNode("scalar", "!!str", text));
  addPair(map, textNode("offset"), intNode(offset));
  addPair(map, textNode("length"), intNode(bytesOf(text ?? "")));
  if (name) addPair(map, textNode("name"), newNode("scalar", "!!str", name));
}

export const capture: Handler = (context, { right }, evaluate) => {
  const { find } = searched(context, right, evaluate);
  return withMatches(
    context,
    context.matches.flatMap((node) =>
      find("capture", node).map(({ captures }) => {
        const map = replacement(node, "map", "!!map");
        for (const { name, text } of captures) {
          addPair(
            map,
            newNode("scalar", "!!str", name),
            text === undefined ? nullNode() : newNode("scalar", "!!str", text),
          );
        }
        return map;
      })
    ),
  );
};
