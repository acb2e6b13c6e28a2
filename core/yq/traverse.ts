/** Steps along paths: keys (which may be patterns), indices, slices, everything below. */
import { type Context, type Evaluate, type Handler, reading, withMatches } from "./context.ts";
import { failure } from "./failure.ts";
import { matchesPattern } from "./pattern.ts";
import {
  addChildren,
  addItem,
  addPair,
  newNode,
  type Node,
  nullNode,
  pairs,
  replacement,
  slotOf,
  tagOf,
  textNode,
} from "./node.ts";
import type { Expression, Options } from "./operations.ts";
import { isWhole, parseIndex } from "./scalar.ts";

/** A list that an index makes longer ends here. */
const longestList = 100_000;

export const traverse: Handler = (context, { operation: { options } }) =>
  withMatches(context, context.matches.flatMap((node) => step(context, node, options)));

function step(context: Context, node: Node, options: Options): Node[] {
  const key = options.step!;
  if (node.tag === "!!null" && key !== "[]" && !context.readOnly) {
    node.kind = typeof key === "number" ? "seq" : "map";
    node.tag = "";
  }
  if (node.kind === "map") return entries(context, node, textNode(`${key}`), options);
  if (node.kind === "seq") return items(node, [textNode(`${key}`)], options);
  return [];
}

/** `.[…]`: indices, keys, a slice; all of it when nothing stands in the brackets. */
export const traverseArray: Handler = (context, { left, right, operation: { options } }, evaluate) => {
  if (right?.right?.operation.name === "map_entry") {
    return slice(evaluate(context, left), right.right, evaluate);
  }
  const places = evaluate(context, left);
  const indices = evaluate(reading(context), right).matches[0]?.content ?? [];
  return withMatches(
    context,
    places.matches.flatMap((node) => indexed(places, node, indices, options)),
  );
};

/** The values of a node, or its keys and values. */
export function splat(context: Context, nodes: Node[], options: Options = {}): Node[] {
  return nodes.flatMap((node) => indexed(context, node, [], options));
}

function indexed(context: Context, node: Node, indices: Node[], options: Options): Node[] {
  if (node.tag === "!!null") {
    node.tag = "";
    node.kind = indices.length > 0 && indices[0].tag !== "!!int" ? "map" : "seq";
  }
  if (node.kind === "seq") return items(node, indices, options);
  if (node.kind !== "map") return [];
  if (indices.length === 0) return entries(context, node, undefined, options);
  return indices.flatMap((key) => entries(context, node, key, options));
}

function items(list: Node, indices: Node[], { optional }: Options): Node[] {
  if (indices.length === 0) return [...list.content];
  return indices.flatMap(({ value }) => {
    if (!isWhole(value)) {
      if (optional) return [];
      throw failure(`a list has no key "${value}"`, "`.[]` gives its items, `.[0]` the first one.");
    }
    const index = parseIndex(value);
    lengthen(list, index + 1);
    const at = index < 0 ? list.content.length + index : index;
    if (at < 0) throw failure(`the list of ${list.content.length} has no item [${index}]`);
    return [list.content[at]];
  });
}

function lengthen(list: Node, length: number): void {
  if (length > longestList) throw failure(`[${length - 1}] is beyond every list`);
  if (list.content.length === 0 && length > 0) list.style = "";
  while (list.content.length < length) addItem(list, nullNode());
}

/** Values under keys that match, or all of them; one is made where there is none. */
function entries(context: Context, map: Node, wanted: Node | undefined, options: Options): Node[] {
  const found = new Map<string, Node>();
  const add = (key: Node, value: Node) => {
    if (options.keys) found.set(slotOf(key), key);
    if (!options.onlyKeys) found.set(slotOf(value), value);
  };
  for (const [key, value] of pairs(map)) {
    const fits = !wanted ||
      (options.exact ? key.value === wanted.value : matchesPattern(key.value, wanted.value));
    if (fits) add(key, value);
  }
  if (found.size === 0 && wanted && !options.existing && !context.readOnly) {
    if (map.content.length === 0) map.style = "";
    add(...addPair(map, wanted, nullNode()));
  }
  return [...found.values()];
}

/** The value under a key. Undefined unless there is exactly one. */
export function valueUnder(map: Node, key: string): Node | undefined {
  const found = entries({ matches: [], variables: new Map(), readOnly: true }, map, textNode(key), {});
  return found.length === 1 ? found[0] : undefined;
}

function slice(context: Context, range: Expression, evaluate: Evaluate): Context {
  const slices = context.matches.map((node) => {
    const [begin, end] = [range.left, range.right].map((bound) => {
      const found = evaluate(withMatches(context, [node]), bound).matches;
      if (found.length !== 1) throw failure(`a slice takes one number, not ${found.length}`);
      return parseIndex(found[0].value);
    });
    if (node.kind === "scalar" && tagOf(node) === "!!str") {
      return replacement(node, "scalar", node.tag, [...node.value].slice(begin, end).join(""), node.style);
    }
    const sliced = replacement(node, "seq", node.tag);
    addChildren(sliced, node.content.slice(begin, end));
    return sliced;
  });
  return withMatches(context, slices);
}

export const recursiveDescent: Handler = (context, { operation: { options } }) =>
  withMatches(context, descendants(context, context.matches, options));

/** Each node, then all below it. `lists: false` leaves out what is in lists. */
export function descendants(context: Context, nodes: Node[], options: Options, lists = true): Node[] {
  return nodes.flatMap((node) => {
    const open = node.content.length > 0 && (lists || node.kind !== "seq");
    return open ? [node, ...descendants(context, splat(context, [node], options), options, lists)] : [node];
  });
}

export const parent: Handler = (context, { operation: { options: { level = 1 } } }) =>
  withMatches(
    context,
    context.matches.flatMap((node) => {
      const line = [node, ...ancestors(node)];
      return line[level < 0 ? Math.max(0, line.length + level) : level] ?? [];
    }),
  );

export function ancestors(node: Node): Node[] {
  return node.parent ? [node.parent, ...ancestors(node.parent)] : [];
}

export const parents: Handler = (context) =>
  withMatches(
    context,
    context.matches.map((node) => {
      const list = newNode("seq", "!!seq");
      addChildren(list, ancestors(node));
      return list;
    }),
  );
