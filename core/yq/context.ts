/** What an operation is evaluated in, and how the results of two sides meet. */
import type { Expression } from "./operations.ts";
import type { Node } from "./node.ts";

export interface Context {
  /** What `.` is: none, one or many nodes, each of which an operation takes by itself. */
  matches: Node[];
  variables: ReadonlyMap<string, Node[]>;
  /** What is missing along a path is not made. */
  readOnly: boolean;
}

export type Evaluate = (context: Context, expression: Expression | undefined) => Context;

/** Evaluates an operation. Its result may be the context itself: assignments give what they have changed. */
export type Handler = (context: Context, expression: Expression, evaluate: Evaluate) => Context;

export function withMatches(context: Context, matches: Node[]): Context {
  return { ...context, matches };
}

export function reading(context: Context, matches = context.matches): Context {
  return { ...context, matches, readOnly: true };
}

export function writing(context: Context): Context {
  return { ...context, readOnly: false };
}

/** An operation that makes one node of each match, or none. */
export function each(make: (node: Node, expression: Expression) => Node | undefined): Handler {
  return (context, expression) =>
    withMatches(
      context,
      context.matches.map((node) => make(node, expression)).filter((node) => node !== undefined),
    );
}

/** Whether the matches are whole documents, which are taken as one. */
export function areTogether(context: Context): boolean {
  return context.matches.every((node) => node.together);
}

/** Evaluates for each match by itself, except for whole documents. */
export function oneByOne(context: Context, evaluateOne: (context: Context) => Node[]): Context {
  if (areTogether(context)) return withMatches(context, evaluateOne(context));
  return withMatches(context, context.matches.flatMap((node) => evaluateOne(withMatches(context, [node]))));
}

export interface Crossing {
  /** The result for one of the left and one of the right; a side is undefined where it gave nothing. */
  calculate(left: Node | undefined, right: Node | undefined, context: Context): Node | undefined;
  /** Calculated even where a side gives nothing. */
  whenEmpty?: boolean;
  /** A result that the left side alone decides: the right one is not evaluated then. */
  decided?(left: Node | undefined): Node | undefined;
}

/** Each result of the left side with each of the right. */
export function cross(
  context: Context,
  expression: Expression,
  evaluate: Evaluate,
  crossing: Crossing,
): Context {
  return oneByOne(context, (one) => crossOne(one, expression, evaluate, crossing));
}

function crossOne(context: Context, expression: Expression, evaluate: Evaluate, crossing: Crossing): Node[] {
  const { calculate, whenEmpty = false, decided } = crossing;
  const found: (Node | undefined)[] = evaluate(context, expression.left).matches;
  const lefts = whenEmpty && context.matches.length > 0 && found.length === 0 ? [undefined] : found;
  const results: (Node | undefined)[] = [];
  for (const left of lefts) {
    const early = decided?.(left);
    if (early) {
      results.push(early);
      continue;
    }
    const rights = evaluate(context, expression.right).matches;
    if (whenEmpty && rights.length === 0) results.push(calculate(left, undefined, context));
    for (const right of rights) results.push(calculate(left, right, context));
  }
  return results.filter((node) => node !== undefined);
}

/** An operation of two sides that makes nothing along their paths. */
export function crossing(calculate: (left: Node, right: Node) => Node): Handler {
  return (context, expression, evaluate) =>
    cross(reading(context), expression, evaluate, { calculate: (left, right) => calculate(left!, right!) });
}
