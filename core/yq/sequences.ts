/** Lists and maps put in order, cut, grouped and turned. */
import { type Context, each, type Evaluate, type Handler, reading, withMatches } from "./context.ts";
import { holds } from "./collect.ts";
import { failure } from "./failure.ts";
import { sortOrder, textOrder } from "./logic.ts";
import {
  addChildren,
  addItem,
  addPair,
  boolAt,
  copyBare,
  equalNodes,
  indexOfKey,
  intNode,
  newNode,
  type Node,
  nullNode,
  pairs,
  pathOf,
  replacement,
  shownPath,
  textNode,
} from "./node.ts";
import { type Expression, expression, operation } from "./operations.ts";
import { isWhole, parseIndex } from "./scalar.ts";
import { splat } from "./traverse.ts";
import { writeYaml } from "./write_yaml.ts";

const self = expression(operation("self"));

function listOnly(word: string, node: Node): void {
  if (node.kind === "seq") return;
  const path = shownPath(node);
  throw failure(`${word} takes a list, not ${node.tag}${path && ` (${path})`}`);
}

export const sortBy: Handler = (context, { right }, evaluate) => sorted(context, right, evaluate);
export const sort: Handler = (context, _, evaluate) => sorted(context, self, evaluate);

/** Of a map, its entries by their values. */
function sorted(context: Context, by: Expression | undefined, evaluate: Evaluate): Context {
  return withMatches(
    context,
    context.matches.map((node) => {
      if (node.kind === "scalar") listOnly("sort", node);
      const values = node.kind === "map" ? pairs(node).map(([, value]) => value) : node.content;
      const order = values.map((value) => ({ value, keys: evaluate(reading(context, [value]), by).matches }));
      order.sort((a, b) => keysOrder(a.keys, b.keys));
      const result = copyBare(node);
      for (const { value } of order) {
        if (node.kind === "map") addPair(result, value.key!, value);
        else addItem(result, value);
      }
      return result;
    }),
  );
}

function keysOrder(a: Node[], b: Node[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = sortOrder(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export const sortKeys: Handler = (context, { right }, evaluate) => {
  for (const node of context.matches) {
    for (const map of evaluate(reading(context, [node]), right).matches) {
      if (map.kind === "map") {
        map.content = pairs(map).sort(([a], [b]) => textOrder(a.value, b.value)).flat();
      }
    }
  }
  return context;
};

/** Items in groups of an equal text; the groups in the order of their first items. */
function grouped(
  context: Context,
  list: Node,
  textOf: (key: Node | undefined) => string,
  by: Expression | undefined,
  evaluate: Evaluate,
): Node[][] {
  const groups = new Map<string, Node[]>();
  for (const item of list.content) {
    const text = textOf(evaluate(reading(context, [item]), by).matches[0]);
    groups.set(text, [...groups.get(text) ?? [], item]);
  }
  return [...groups.values()];
}

export const groupBy: Handler = (context, { right }, evaluate) =>
  withMatches(
    context,
    context.matches.map((list) => {
      listOnly("group_by", list);
      const result = replacement(list, "seq", "!!seq");
      for (const items of grouped(context, list, (key) => key?.value ?? "null", right, evaluate)) {
        const group = newNode("seq", "!!seq");
        addChildren(group, items);
        addItem(result, group);
      }
      return result;
    }),
  );

export const uniqueBy: Handler = (context, { right }, evaluate) => distinct(context, right, evaluate);
export const unique: Handler = (context, _, evaluate) => distinct(context, self, evaluate);

function distinct(context: Context, by: Expression | undefined, evaluate: Evaluate): Context {
  const textOf = (key: Node | undefined) =>
    !key ? "null" : key.kind === "scalar" ? key.value : writeYaml(key);
  return withMatches(
    context,
    context.matches.map((list) => {
      listOnly("unique", list);
      const result = replacement(list, "seq", "!!seq", "", list.style);
      for (const [first] of grouped(context, list, textOf, by, evaluate)) addItem(result, first);
      return result;
    }),
  );
}

export const reverse = each((list) => {
  listOnly("reverse", list);
  const result = replacement(list, "seq", "!!seq", "", list.style);
  addChildren(result, list.content.toReversed());
  return result;
});

export const flatten: Handler = (context, { operation: { options: { depth = -1 } } }) => {
  for (const list of context.matches) {
    listOnly("flatten", list);
    flattenList(list, depth);
  }
  return context;
};

function flattenList(list: Node, depth: number): void {
  if (depth === 0 || list.kind !== "seq") return;
  const items = list.content.flatMap((item) => {
    if (item.kind !== "seq") return [item];
    flattenList(item, depth - 1);
    return item.content;
  });
  list.content = [];
  addChildren(list, items);
}

export const first: Handler = (context, { right }, evaluate) =>
  withMatches(
    context,
    context.matches.flatMap((node) => {
      if (!right) return node.content.slice(0, 1);
      return splat(context, [node]).find((value) => holds(context, value, right, evaluate)) ?? [];
    }),
  );

/** The keys of a map, the indices of a list. */
export const keys = each((node) => {
  if (node.kind === "scalar") throw failure(`${node.tag} has no keys`);
  const list = newNode("seq", "!!seq");
  addChildren(
    list,
    node.kind === "map" ? pairs(node).map(([key]) => key) : node.content.map((_, i) => intNode(i)),
  );
  return list;
});

export const has: Handler = (context, { right }, evaluate) => {
  const wanted = evaluate(reading(context), right).matches[0] ?? nullNode();
  return withMatches(
    context,
    context.matches.map((node) => {
      if (node.kind === "map") return boolAt(node, pairs(node).some(([key]) => key.value === wanted.value));
      if (node.kind !== "seq" || wanted.tag !== "!!int") return boolAt(node, false);
      const index = parseIndex(wanted.value);
      return boolAt(node, index >= 0 && index < node.content.length);
    }),
  );
};

export const length = each((node) => {
  const bytes = () => node.tag === "!!null" ? 0 : new TextEncoder().encode(node.value).length;
  const count = node.kind === "scalar" ? bytes() : node.content.length / (node.kind === "map" ? 2 : 1);
  return replacement(node, "scalar", "!!int", `${count}`);
});

export const path = each((node) => {
  const list = replacement(node, "seq", "!!seq");
  addChildren(
    list,
    pathOf(node).map((step) => typeof step === "number" ? intNode(step) : newNode("scalar", "!!str", step)),
  );
  return list;
});

/** `pick`: these keys or indices, in this order. */
export const pick: Handler = (context, { right }, evaluate) => {
  const wanted = evaluate(context, right).matches[0]?.content ?? [];
  return withMatches(
    context,
    context.matches.map((node) => {
      if (node.kind === "scalar") throw failure(`pick takes a map or a list, not ${node.tag}`);
      const result = copyBare(node);
      addChildren(
        result,
        wanted.flatMap((key) => node.kind === "map" ? entryOf(node, key) : itemOf(node, key)),
      );
      return result;
    }),
  );
};

function entryOf(map: Node, key: Node): Node[] {
  const at = indexOfKey(map, key);
  return at < 0 ? [] : map.content.slice(at, at + 2);
}

function itemOf(list: Node, { value }: Node): Node[] {
  if (!isWhole(value)) throw failure(`a list has no key "${value}"`);
  const index = parseIndex(value);
  return index < 0 ? [] : list.content.slice(index, index + 1);
}

/** `omit`: all but these keys or indices. */
export const omit: Handler = (context, { right }, evaluate) => {
  const unwanted = evaluate(context, right).matches[0]?.content ?? [];
  if (unwanted.length === 0 || context.matches.some(({ kind }) => kind === "scalar")) return context;
  const kept = (key: Node) => !unwanted.some((one) => equalNodes(one, key));
  return withMatches(
    context,
    context.matches.map((node) => {
      const result = copyBare(node);
      addChildren(
        result,
        node.kind === "map"
          ? pairs(node).filter(([key]) => kept(key)).flat()
          : node.content.filter((_, i) => kept(intNode(i))),
      );
      return result;
    }),
  );
};

/** Rows into columns: of lists a list of lists, of maps a map of lists. */
export const pivot = each((list) => {
  listOnly("pivot", list);
  const tags = new Set(list.content.map(({ tag }) => tag));
  if (tags.size > 1) throw failure(`pivot takes rows of one kind, not ${[...tags].join(" and ")}`);
  const [tag = "!!seq"] = tags;
  if (list.content.length === 0) throw failure("pivot takes a list of lists or of maps, not an empty one");
  if (tag === "!!map") return pivotMaps(list.content);
  if (tag !== "!!seq") throw failure(`pivot takes a list of lists or of maps, not of ${tag}`);
  return pivotLists(list.content);
});

function pivotLists(rows: Node[]): Node {
  const result = newNode("seq", "");
  const width = Math.max(...rows.map(({ content }) => content.length));
  for (let column = 0; column < width; column++) {
    addItem(result, columnOf(rows.map(({ content }) => content[column])));
  }
  return result;
}

function pivotMaps(rows: Node[]): Node {
  const result = newNode("map", "");
  for (const name of new Set(rows.flatMap((row) => pairs(row).map(([key]) => key.value)))) {
    addPair(
      result,
      textNode(name),
      columnOf(rows.map((row) => pairs(row).find(([key]) => key.value === name)?.[1])),
    );
  }
  return result;
}

function columnOf(values: (Node | undefined)[]): Node {
  const list = newNode("seq", "");
  addChildren(list, values.map((value) => value ?? newNode("scalar", "!!null")));
  return list;
}
