/** `*`: maps are merged, scalars multiplied. */
import {
  type Context,
  cross,
  type Evaluate,
  type Handler,
  reading,
  withMatches,
  writing,
} from "./context.ts";
import { product } from "./arithmetic.ts";
import { referenceTo } from "./assign.ts";
import { copy, isNull, type Node, pathOf } from "./node.ts";
import { expression, operation, type OperationName, type Options, pathExpression } from "./operations.ts";
import { descendants } from "./traverse.ts";

export const multiply: Handler = (context, tree, evaluate) =>
  cross(reading(context), tree, evaluate, {
    calculate: (left, right, inside) => multiplied(inside, left!, right!, tree.operation.options, evaluate),
  });

export function multiplied(
  context: Context,
  left: Node,
  right: Node,
  options: Options,
  evaluate: Evaluate,
): Node {
  if (isNull(right)) return copy(left);
  const merging = right.kind !== "scalar" && (left.kind === right.kind || isNull(left));
  return merging ? merged(writing(context), copy(left), right, options, evaluate) : product(left, right);
}

/** Writes all that is in `right` into `left`, path by path. */
function merged(context: Context, left: Node, right: Node, options: Options, evaluate: Evaluate): Node {
  const traversing = { keys: true, exact: true };
  const start = pathOf(right).length;
  for (const node of descendants(context, [right], traversing, Boolean(options.deep))) {
    const steps = { exact: true, existing: options.existing };
    const path = pathExpression(
      pathOf(node).slice(start),
      steps,
      node.isKey ? { ...steps, keys: true, onlyKeys: true } : steps,
    );
    const assignment = operation(writtenBy(node, options), {
      onlyNull: options.onlyNull,
      clobber: options.clobber,
    });
    evaluate(withMatches(context, [left]), expression(assignment, path, referenceTo(node)));
  }
  return left;
}

function writtenBy(node: Node, { append, deep }: Options): OperationName {
  if (append && node.kind === "seq") return "add_assign";
  return !deep && node.kind === "seq" || node.kind === "scalar" ? "assign" : "assign_attributes";
}
