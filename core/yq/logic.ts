/** Truth, equality and order. */
import {
  type Context,
  cross,
  type Crossing,
  crossing,
  each,
  type Handler,
  reading,
  withMatches,
} from "./context.ts";
import { failure } from "./failure.ts";
import { boolAt, indexOfKey, isNull, isTruthy, newNode, type Node, pairs, shownPath, tagOf } from "./node.ts";
import type { Options } from "./operations.ts";
import { matchesPattern } from "./pattern.ts";
import { parseDecimal, parseWhole, timeOf } from "./scalar.ts";
import { splat } from "./traverse.ts";

const nowhere = () => newNode("scalar", "");

/** `and`, `or`: the right side counts unless the left one has decided. */
function junction(deciding: boolean): Handler {
  const sides: Crossing = {
    whenEmpty: true,
    calculate: (left, right) => boolAt(left ?? right ?? nowhere(), isTruthy(right)),
    decided: (left) => isTruthy(left) === deciding ? boolAt(left ?? nowhere(), deciding) : undefined,
  };
  return (context, expression, evaluate) => cross(reading(context), expression, evaluate, sides);
}

export const or = junction(true);
export const and = junction(false);
export const not = each((node) => boolAt(node, !isTruthy(node)));

/** `//`: the left side where it is truthy, else the right one. */
export const alternative: Handler = (context, expression, evaluate) =>
  cross(context, expression, evaluate, {
    whenEmpty: true,
    calculate: (left, right) => left && right ? (isTruthy(left) ? left : right) : left ?? right,
    decided: (left) => isTruthy(left) ? left : undefined,
  });

/** `any`, `all` and those that take a condition. */
function some(name: string, sought: boolean): Handler {
  return (context, { right }, evaluate) =>
    withMatches(
      context,
      context.matches.map((list) => {
        if (list.kind !== "seq") throw failure(`${name} takes a list, not ${list.tag}`);
        const found = list.content.some((item) => {
          const value = right ? evaluate(reading(context, [item]), right).matches[0] : item;
          return value !== undefined && isTruthy(value) === sought;
        });
        return boolAt(list, found === sought);
      }),
    );
}

export const any = some("any", true);
export const all = some("all", false);

/** Texts are equal when the left one fits the right one as a pattern; lists and maps never are. */
function equality(equal: boolean): Crossing["calculate"] {
  return (left, right) => {
    const [one, other] = [left ?? right ?? nowhere(), right ?? left];
    let same = left === right;
    if (left && right) {
      same = isNull(left)
        ? isNull(right)
        : left.kind === "scalar" && right.kind === "scalar" && matchesPattern(left.value, right.value);
    } else if (left || right) same = isNull(other);
    return boolAt(one, same === equal);
  };
}

export const equals: Handler = (context, expression, evaluate) =>
  cross(context, expression, evaluate, { calculate: equality(true), whenEmpty: true });

export const notEquals: Handler = (context, expression, evaluate) =>
  cross(reading(context), expression, evaluate, { calculate: equality(false), whenEmpty: true });

export const compare: Handler = (context, expression, evaluate) =>
  cross(context, expression, evaluate, {
    calculate: (left, right) => compared(left, right, expression.operation.options),
    whenEmpty: true,
  });

function compared(left: Node | undefined, right: Node | undefined, options: Options): Node {
  if (!left || !right) return boolAt(left ?? right ?? nowhere(), !left && !right && Boolean(options.orEqual));
  if (left.kind !== "scalar" || right.kind !== "scalar") {
    const unfit = left.kind !== "scalar" ? left : right;
    const place = shownPath(unfit);
    throw failure(`${unfit.tag}${place && ` (${place})`} has no order`, "Compare numbers or texts.");
  }
  return boolAt(left, isOrdered(left, right, options));
}

function isOrdered(left: Node, right: Node, { greater, orEqual }: Options): boolean {
  const order = orderOf(left, right);
  if (order === undefined) return false;
  if (order === 0) return Boolean(orEqual);
  return greater ? order > 0 : order < 0;
}

/** Below 0, 0, above 0; undefined where one of them is null or not a number. */
function orderOf(left: Node, right: Node): number | undefined {
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  if (leftTag === "!!timestamp" || leftTag === "!!str" && timeOf(left.value) !== undefined) {
    return times(left, right);
  }
  if (areNumbers(leftTag, rightTag)) return numericOrder(left, right);
  if (leftTag === "!!str" && rightTag === "!!str") return textOrder(left.value, right.value);
  if (leftTag === "!!null" && rightTag === "!!null") return 0;
  if (leftTag === "!!null" || rightTag === "!!null") return undefined;
  throw failure(`${left.tag} has no order beside ${right.tag}`, "Compare numbers or texts.");
}

function times(left: Node, right: Node): number {
  const [leftTime, rightTime] = [left, right].map(({ value }) => {
    const time = timeOf(value);
    if (time === undefined) throw failure(`"${value}" is no time like 2026-01-31T12:00:00Z`);
    return time;
  });
  return leftTime - rightTime;
}

export function areNumbers(...tags: string[]): boolean {
  return tags.every((tag) => tag === "!!int" || tag === "!!float");
}

/** Of two numbers; undefined where one is not a number. */
function numericOrder(left: Node, right: Node): number | undefined {
  if (tagOf(left) === "!!int" && tagOf(right) === "!!int") {
    const difference = parseWhole(left.value).number - parseWhole(right.value).number;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  const [leftNumber, rightNumber] = [decimalOf(left), decimalOf(right)];
  if (Number.isNaN(leftNumber) || Number.isNaN(rightNumber)) return undefined;
  return leftNumber < rightNumber ? -1 : leftNumber > rightNumber ? 1 : 0;
}

export function decimalOf(node: Node): number {
  const number = parseDecimal(node.value);
  if (number === undefined) throw failure(`"${node.value}" cannot be read as a decimal number`);
  return number;
}

/** By their code points, as bytes of UTF-8 would be. */
export function textOrder(left: string, right: string): number {
  if (left === right) return 0;
  let at = 0;
  while (left[at] === right[at]) at++;
  const surrogate = (unit: string | undefined) => unit !== undefined && unit >= "\ud800" && unit <= "\udfff";
  if (surrogate(left[at]) !== surrogate(right[at]) && at < left.length && at < right.length) {
    return surrogate(left[at]) ? 1 : -1;
  }
  return left < right ? -1 : 1;
}

const ranks: Record<string, number> = { "!!null": 0, "!!bool": 1 };

/** The order of `sort`: null, false, true, then numbers and texts. */
export function sortOrder(left: Node, right: Node): number {
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  const [leftRank, rightRank] = [ranks[leftTag] ?? 2, ranks[rightTag] ?? 2];
  if (leftRank !== rightRank) return leftRank - rightRank;
  if (leftTag === "!!bool") return Number(isTruthy(left)) - Number(isTruthy(right));
  if (leftTag === "!!timestamp" && rightTag === "!!timestamp") {
    const [leftTime, rightTime] = [timeOf(left.value), timeOf(right.value)];
    if (leftTime !== undefined && rightTime !== undefined) return leftTime - rightTime;
  }
  if (areNumbers(leftTag, rightTag)) return numericOrder(left, right) ?? 1;
  return textOrder(left.value, right.value);
}

/** `min`, `max`: of equal ones the first. */
function superlative(options: Options): Handler {
  return (context: Context) =>
    withMatches(
      context,
      context.matches.flatMap((node) => {
        const [first, ...others] = splat(context, [node]);
        if (!first) return [];
        return others.reduce(
          (best, value) => isTruthy(compared(value, best, options)) ? value : best,
          first,
        );
      }),
    );
}

export const min = superlative({});
export const max = superlative({ greater: true });

/** `contains`: texts within texts, all items within a list, all entries within a map. */
export const contains = crossing((whole, part) => {
  if (whole.kind !== part.kind) throw failure(`${part.tag} cannot be contained in ${whole.tag}`);
  return boolAt(whole, holdsPart(whole, part));
});

function holdsPart(whole: Node, part: Node): boolean {
  if (whole.kind === "seq") {
    const wanted = part.kind === "seq" ? part.content : [part];
    return wanted.every((one) => whole.content.some((item) => holdsPart(item, one)));
  }
  if (whole.kind !== part.kind) return false;
  if (whole.kind === "map") {
    return pairs(part).every(([key, value]) => {
      const at = indexOfKey(whole, key);
      return at >= 0 && holdsPart(whole.content[at + 1], value);
    });
  }
  if (whole.tag !== part.tag) return false;
  if (isNull(whole)) return true;
  return whole.tag === "!!str" ? whole.value.includes(part.value) : whole.value === part.value;
}
