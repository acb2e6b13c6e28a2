/** `=`, `|=`, `+=` and others that change the document (a copy, which is then printed), and deletion. */
import { cross, type Handler, reading, withMatches, writing } from "./context.ts";
import { failure } from "./failure.ts";
import { addChildren, copy, isNull, type Node, tagOf } from "./node.ts";
import {
  type Expression,
  expression,
  operation,
  type OperationName,
  type Options,
  pathExpression,
} from "./operations.ts";

export const assign: Handler = (context, tree, evaluate) => {
  const { options } = tree.operation;
  const places = evaluate(writing(context), tree.left).matches;
  if (!options.update) {
    cross(reading(context), tree, evaluate, {
      calculate: (place, value) => {
        if (!options.onlyNull || isNull(place)) update(place!, value!, options);
        return place;
      },
    });
    return context;
  }
  for (const place of places.toReversed()) { // what is inside first: `.. |= [.]`
    const [value] = evaluate(withMatches(context, [place]), tree.right).matches;
    if (value) update(place, value, options);
  }
  return context;
};

/** Of maps that are merged: the kind and tag, without content. */
export const assignAttributes: Handler = (context, { left, right, operation: { options } }, evaluate) => {
  for (const place of evaluate(writing(context), left).matches) {
    const [value] = evaluate(reading(context, [place]), right).matches;
    if (value && (!options.onlyNull || isNull(place))) updateAttributes(place, value, options);
  }
  return context;
};

/** Gives a node the value of another one. */
export function update(node: Node, other: Node, options: Options = {}): void {
  if (node === other) return;
  const empty = node.kind !== "scalar" && node.content.length === 0;
  if (empty || tagOf(node) !== tagOf(other)) node.style = other.style;
  const { content } = other;
  node.content = [];
  node.kind = other.kind;
  addChildren(node, content);
  node.value = other.value;
  updateAttributes(node, other, options);
}

function updateAttributes(node: Node, other: Node, { clobber }: Options): void {
  if (node.kind !== other.kind) {
    node.content = [];
    node.value = "";
  }
  node.kind = other.kind;
  if (clobber || node.tag === "" || node.tag.startsWith("!!")) node.tag = other.tag;
  if (node.style === "") node.style = other.style;
}

/** `+=`, `-=`, `*=`: each place becomes what the calculation gives of it and the right side. */
export function assignCalculated(name: OperationName): Handler {
  return (context, { left, right, operation: { options } }, evaluate) => {
    const assigning: Options = name === "multiply"
      ? { clobber: options.clobber }
      : { clobber: options.clobber, onlyNull: options.onlyNull };
    for (const place of evaluate(writing(context), left).matches) {
      const value = expression(operation(name, options), referenceTo(copy(place)), right);
      evaluate(context, expression(operation("assign", assigning), referenceTo(place), value));
    }
    return context;
  };
}

export function referenceTo(node: Node): Expression {
  return expression(operation("reference", { node }));
}

/** `tag =`, `style =`. */
export function assignProperty(set: (node: Node, text: string) => void): Handler {
  return (context, { left, right, operation: { options } }, evaluate) => {
    const once = options.update ? undefined : evaluate(reading(context), right).matches[0];
    let text = once?.value ?? "";
    for (const node of evaluate(writing(context), left).matches) {
      if (options.update) text = evaluate(reading(context, [node]), right).matches[0]?.value ?? text;
      set(node, text);
    }
    return context;
  };
}

export const del: Handler = (context, { right }, evaluate) => {
  const places = evaluate(reading(context), right).matches;
  for (const node of places.toReversed()) {
    if (!node.parent) return withMatches(context, context.matches.filter((match) => match !== node));
    remove(node, node.parent);
  }
  return context;
};

function remove(node: Node, parent: Node): void {
  const key = node.isKey ? node.value : node.key?.value;
  if (key === undefined) throw failure("there is nothing to delete it from");
  if (parent.kind === "map") {
    parent.content = parent.content.filter((_, i, content) => content[i - i % 2].value !== key);
  } else if (parent.kind === "seq") removeItem(parent, key);
  else throw failure(`nothing can be deleted from ${parent.tag}`);
}

/** Takes an item out of a list by its index; those behind it move up. */
export function removeItem(list: Node, index: string): void {
  list.content = list.content.filter((_, i) => `${i}` !== index);
  list.content.forEach((item, i) => item.key!.value = `${i}`);
}

/** `with(path; changes)`. */
export const withChanges: Handler = (context, { right }, evaluate) => {
  const block = blockOf("with", right);
  const places = evaluate(context, block.left);
  for (const place of places.matches) evaluate(withMatches(places, [place]), block.right);
  return context;
};

/** What stands in brackets as `one; other`. */
export function blockOf(word: string, block: Expression | undefined): Expression {
  if (block?.operation.name !== "block") throw failure(`${word} takes two expressions with a \`;\` between`);
  return block;
}

export const setPath: Handler = (context, { right }, evaluate) => {
  const block = blockOf("setpath", right);
  const paths = evaluate(reading(context), block.left).matches;
  if (paths.length !== 1) throw failure(`setpath takes one path, not ${paths.length}`);
  const path = pathExpression(stepsOf("setpath", paths[0]));
  for (const node of context.matches) {
    const values = evaluate(reading(context, [node]), block.right).matches;
    if (values.length !== 1) throw failure(`setpath takes one value, not ${values.length}`);
    evaluate(
      withMatches(context, [node]),
      expression(operation("assign"), path, referenceTo(values[0])),
    );
  }
  return context;
};

export const delPaths: Handler = (context, { right }, evaluate) => {
  const lists = evaluate(reading(context), right).matches;
  if (lists.length !== 1 || lists[0].tag !== "!!seq") {
    throw failure('delpaths takes one list of paths, like [["a", "b"]]');
  }
  return lists[0].content.reduce(
    (changed, path) =>
      evaluate(changed, expression(operation("del"), undefined, pathExpression(stepsOf("delpaths", path)))),
    context,
  );
};

function stepsOf(word: string, path: Node): (string | number)[] {
  if (path.kind !== "seq") throw failure(`${word} takes a path as a list, not ${path.tag}`);
  return path.content.map(({ tag, value }) => {
    if (tag !== "!!str" && tag !== "!!int") throw failure(`${word}: ${tag} is no step of a path`);
    return tag === "!!int" ? Number(value) : value;
  });
}
