/** Lists and maps made of results, variables, and what goes through all items. */
import {
  areTogether,
  type Context,
  cross,
  type Evaluate,
  type Handler,
  oneByOne,
  reading,
  withMatches,
  writing,
} from "./context.ts";
import { removeItem, update } from "./assign.ts";
import { failure } from "./failure.ts";
import { multiplied } from "./merge.ts";
import { addItem, addPair, copy, copyBare, isTruthy, newNode, type Node, replacement } from "./node.ts";
import type { Expression } from "./operations.ts";
import { splat, valueUnder } from "./traverse.ts";

function listOf(nodes: Node[]): Node {
  const list = newNode("seq", "!!seq");
  for (const node of nodes) addItem(list, node);
  return list;
}

/** `[…]`. */
export const collect: Handler = (context, { right }, evaluate) => {
  if (context.matches.length === 0) return withMatches(context, [newNode("seq", "!!seq", "[]")]);
  if (areTogether(context)) {
    const results = context.matches.flatMap((node) => evaluate(reading(context, [node]), right).matches);
    return withMatches(context, [listOf(results)]);
  }
  return withMatches(
    context,
    context.matches.map((node) => {
      const list = replacement(node, "seq", "!!seq");
      for (const result of evaluate(withMatches(context, [node]), right).matches) addItem(list, result);
      return list;
    }),
  );
};

/** `key: value`: for each match a list of the maps of one entry that keys and values give, all in one list. */
export const mapEntry: Handler = (context, tree, evaluate) => {
  const entries = (matches: Node[]) => {
    const made = cross(withMatches(context, matches), tree, evaluate, {
      calculate: (key, value) => {
        const map = newNode("map", "!!map");
        addPair(map, key!, value!);
        return map;
      },
    });
    return Object.assign(listOf(made.matches), { style: "flow" });
  };
  const lists = context.matches.length > 0 ? context.matches.map((node) => entries([node])) : [entries([])];
  return withMatches(context, [listOf(lists)]);
};

/** `{…}`: entries as `mapEntry` gives them, one list for each `,`; every combination makes a map. */
export const collectObject: Handler = (given, _, evaluate) => {
  const context = writing(given);
  const [first, ...others] = context.matches;
  if (!first) return withMatches(context, [newNode("map", "!!map", "{}")]);
  if (others.some(({ content }) => content.length < first.content.length)) {
    throw failure("the keys and values of the map are not equally many");
  }
  const maps = first.content.flatMap((_, i) =>
    combined(context, context.matches.map(({ content }) => content[i]), evaluate)
  );
  return withMatches(
    context,
    maps.map((map) => Object.assign(copy(map), { parent: undefined, key: undefined })),
  );
};

function combined(context: Context, lists: Node[], evaluate: Evaluate): Node[] {
  let maps: Node[] = [];
  for (const list of lists) {
    const entries = splat(context, [list]);
    maps = maps.length === 0
      ? entries
      : maps.flatMap((map) =>
        entries.map((entry) =>
          multiplied(withMatches(context, [map]), copy(map), entry, { append: false }, evaluate)
        )
      );
  }
  return maps;
}

export const select: Handler = (context, { right }, evaluate) =>
  withMatches(context, context.matches.filter((node) => holds(context, node, right, evaluate)));

/** Whether a condition gives something truthy of a node. */
export function holds(
  context: Context,
  node: Node,
  condition: Expression | undefined,
  evaluate: Evaluate,
): boolean {
  return evaluate(reading(context, [node]), condition).matches.some(isTruthy);
}

export const filter: Handler = (context, { right }, evaluate) =>
  withMatches(
    context,
    context.matches.map((node) => {
      const kept = splat(context, [node]).filter((value) => holds(context, value, right, evaluate));
      return Object.assign(listOf(kept), { style: node.style });
    }),
  );

export const map: Handler = (context, { right }, evaluate) =>
  withMatches(
    context,
    context.matches.map((node) => {
      const values = splat(context, [node]);
      if (values.length === 0) return copy(node);
      const results = evaluate(withMatches(context, values), right).matches;
      return Object.assign(listOf(results), { style: node.style });
    }),
  );

/** Changes each value; one of which nothing comes is taken out. */
export const mapValues: Handler = (context, { right }, evaluate) => {
  for (const node of context.matches) {
    const values = splat(context, [node]);
    const results = values.map((value) => evaluate(withMatches(context, [value]), right).matches[0]);
    for (const [i, value] of [...values.entries()].toReversed()) {
      if (results[i]) update(value, results[i]);
      else if (node.kind === "seq") removeItem(node, value.key!.value);
      else node.content = node.content.filter((_, at, all) => all[at - at % 2 + 1] !== value);
    }
  }
  return context;
};

export const toEntries: Handler = (context) =>
  withMatches(
    context,
    context.matches.flatMap((node) => {
      if (node.kind === "scalar") {
        if (node.tag === "!!null") return [];
        throw failure(`${node.tag} has no entries`);
      }
      const list = replacement(node, "seq", "!!seq");
      const step = node.kind === "map" ? 2 : 1;
      for (let i = 0; i < node.content.length; i += step) {
        const key = node.kind === "map" ? node.content[i] : newNode("scalar", "!!int", `${i}`);
        addItem(list, entryOf(key, node.content[i + step - 1]));
      }
      return [list];
    }),
  );

function entryOf(key: Node, value: Node): Node {
  const entry = newNode("map", "!!map");
  addPair(entry, newNode("scalar", "!!str", "key"), key);
  addPair(entry, newNode("scalar", "!!str", "value"), value);
  return entry;
}

export const fromEntries: Handler = (context) => withMatches(context, context.matches.map(mapOfEntries));

function mapOfEntries(list: Node): Node {
  if (list.kind !== "seq") throw failure(`from_entries takes a list, not ${list.tag}`);
  const map = Object.assign(copyBare(list), { kind: "map" as const, tag: "!!map" });
  list.content.forEach((entry, i) => {
    const [key, value] = ["key", "value"].map((name) => {
      const found = valueUnder(entry, name);
      if (!found) throw failure(`entry ${i} has no "${name}"`);
      return found;
    });
    addPair(map, key, value);
  });
  return map;
}

export const withEntries: Handler = (context, tree, evaluate) =>
  withMatches(
    context,
    toEntries(context, tree, evaluate).matches.map((list) => {
      const results = splat(context, [list]).flatMap((entry) =>
        evaluate(withMatches(context, [entry]), tree.right).matches
      );
      return mapOfEntries(listOf(results));
    }),
  );

/** `|`; with `… as $name` on its left, the right side once for each value of the variable. */
export const pipe: Handler = (context, { left, right }, evaluate) => {
  if (left?.operation.name === "assign_variable") {
    return oneByOne(context, (one) => loop(one, left, right, evaluate));
  }
  const results = withMatches(context, evaluate(context, left).matches);
  return withMatches(context, evaluate(results, right).matches);
};

function loop(
  context: Context,
  binding: Expression,
  body: Expression | undefined,
  evaluate: Evaluate,
): Node[] {
  const values = evaluate(reading(context), binding.left).matches;
  const name = variableOf(binding);
  if (values.length === 0) return evaluate(context, body).matches;
  return values.flatMap((value) => {
    const bound = binding.operation.options.byReference ? value : copy(value);
    return evaluate(withVariable(context, name, bound), body).matches;
  });
}

function variableOf(binding: Expression): string {
  const name = binding.right?.operation;
  if (name?.name !== "variable") throw failure("behind `as` stands a variable, like `$name`");
  return name.options.text!;
}

function withVariable(context: Context, name: string, value: Node): Context {
  return { ...context, variables: new Map(context.variables).set(name, [value]) };
}

export const assignVariable: Handler = () => {
  throw failure("a variable is used behind a pipe: `… as $name | …`");
};

/** `… as $name ireduce (start; next)`: `.` is what has come of it so far. */
export const reduce: Handler = (context, { left, right }, evaluate) => {
  if (left?.operation.name !== "assign_variable" || right?.operation.name !== "block") {
    throw failure("ireduce is written `.[] as $item ireduce (0; . + $item)`");
  }
  const name = variableOf(left);
  return oneByOne(context, (one) => {
    const values = evaluate(one, left.left).matches;
    let result = evaluate(one, right.left);
    for (const value of values) {
      result = evaluate(withVariable(result, name, value), right.right);
    }
    return result.matches;
  });
};

/** `if … then … end`: without an `else`, what does not fit stays as it is. */
export const ifThen: Handler = (context, { left, right }, evaluate) =>
  branch(context, left, right, undefined, evaluate);

export const ifElse: Handler = (context, { left, right }, evaluate) =>
  branch(context, left?.left, left?.right, right, evaluate);

function branch(
  context: Context,
  condition: Expression | undefined,
  yes: Expression | undefined,
  no: Expression | undefined,
  evaluate: Evaluate,
): Context {
  const results = context.matches.flatMap((node) => {
    const conditions: (Node | undefined)[] = evaluate(reading(context, [node]), condition).matches;
    return (conditions.length > 0 ? conditions : [undefined]).flatMap((value) =>
      evaluate(withMatches(context, [node]), isTruthy(value) ? yes : no).matches
    );
  });
  return withMatches(context, results);
}
