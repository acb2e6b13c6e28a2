/** `+ - / %` and, of scalars, `*`. */
import { SkiffError } from "../errors/skiff_error.ts";
import { cross, crossing, type Handler, reading } from "./context.ts";
import { failure } from "./failure.ts";
import { areNumbers, decimalOf } from "./logic.ts";
import {
  addChildren,
  addPair,
  copy,
  copyBare,
  equalNodes,
  indexOfKey,
  inPlaceOf,
  isNull,
  type Node,
  pairs,
  shownPath,
  tagOf,
} from "./node.ts";
import { inRange, parseIndex, parseWhole, showDecimal, showWhole } from "./scalar.ts";
import { splitText } from "./text.ts";

/** A text repeated gets no longer than this. */
const longestText = 10 * 1024 * 1024;

export const add: Handler = (context, expression, evaluate) =>
  cross(reading(context), expression, evaluate, { calculate: sum, whenEmpty: context.matches.length > 0 });

export const subtract = crossing(difference);

export const divide = crossing((left, right) => {
  refuseNull(left, right, "divided by");
  const target = copyBare(left);
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  if (leftTag === "!!str" && rightTag === "!!str") {
    target.kind = "seq";
    target.tag = "!!seq";
    addChildren(target, splitText(left.value, right.value));
    return target;
  }
  if (!areNumbers(leftTag, rightTag)) throw unfit(left, "divided by", right);
  return decimal(target, left, decimalOf(left) / decimalOf(right));
});

export const modulo = crossing((left, right) => {
  refuseNull(left, right, "divided by");
  const target = copyBare(left);
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  if (leftTag === "!!int" && rightTag === "!!int") {
    const divisor = parseWhole(right.value).number;
    if (divisor === 0n) throw failure("% by 0");
    return whole(target, left, (number) => number % divisor);
  }
  if (!areNumbers(leftTag, rightTag)) throw unfit(left, "divided by", right);
  return decimal(target, left, decimalOf(left) % decimalOf(right));
});

function refuseNull(left: Node, right: Node, what: string): void {
  if (isNull(left) || left.kind !== "scalar" || right.kind !== "scalar") throw unfit(left, what, right);
}

function unfit(left: Node, what: string, right: Node): Error {
  const shown = (node: Node) => {
    const path = shownPath(node);
    return path ? `${node.tag} (${path})` : node.tag;
  };
  return failure(`${shown(left)} cannot be ${what} ${shown(right)}`);
}

function whole(target: Node, left: Node, calculate: (number: bigint) => bigint): Node {
  const { number, base } = parseWhole(left.value);
  target.tag = left.tag;
  target.value = showWhole(inRange(calculate(number)), base);
  return target;
}

/** A tag of one's own stays. */
function decimal(target: Node, left: Node, number: number): Node {
  target.tag = left.tag.startsWith("!!") ? "!!float" : left.tag;
  target.value = showDecimal(number);
  return target;
}

function sum(left: Node | undefined, right: Node | undefined): Node | undefined {
  if (!left || !right) return left || right ? copy((left ?? right)!) : undefined;
  if (isNull(left)) return inPlaceOf(left, right);
  const target = copyBare(left);
  if (left.kind === "seq") return joined(target, left, right);
  if (left.kind !== right.kind) throw unfit(right, "added to", left);
  return left.kind === "map" ? united(target, left, right) : scalarSum(target, left, right);
}

function scalarSum(target: Node, left: Node, right: Node): Node {
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  refuseTime(left);
  if (leftTag === "!!str" || rightTag === "!!str") {
    target.tag = leftTag === "!!str" ? left.tag : right.tag;
    target.value = left.value + (leftTag === "!!str" && rightTag === "!!null" ? "" : right.value);
    return target;
  }
  if (leftTag === "!!int" && rightTag === "!!int") {
    const { number } = parseWhole(right.value);
    return whole(target, left, (leftNumber) => leftNumber + number);
  }
  if (!areNumbers(leftTag, rightTag)) throw unfit(right, "added to", left);
  return decimal(target, left, decimalOf(left) + decimalOf(right));
}

function refuseTime({ tag }: Node): void {
  if (tag !== "!!timestamp") return;
  throw new SkiffError("unsupported", `yq: times are compared and sorted here, not calculated with`);
}

/** Items of both; what is no list is an item. */
function joined(target: Node, left: Node, right: Node): Node {
  if (left.content.length === 0) target.style = "";
  addChildren(target, left.content);
  if (isNull(right)) return target;
  if (right.kind === "seq") addChildren(target, right.content);
  else addChildren(target, [{ ...right, style: left.content[0]?.style ?? right.style }]);
  return target;
}

/** Entries of both; of equal keys the right one counts. */
function united(target: Node, left: Node, right: Node): Node {
  if (left.content.length === 0) target.style = "";
  addChildren(target, left.content);
  for (const [key, value] of pairs(right)) {
    const at = indexOfKey(target, key);
    if (at < 0) addPair(target, key, value);
    else target.content[at + 1] = inPlaceOf(target.content[at + 1], value);
  }
  return target;
}

function difference(left: Node, right: Node): Node {
  if (isNull(left)) return inPlaceOf(left, right);
  if (left.kind === "map" || left.kind !== right.kind) throw unfit(right, "subtracted from", left);
  const target = copyBare(left);
  if (left.kind === "seq") {
    target.content = left.content.filter((item) => !right.content.some((other) => equalNodes(item, other)));
    return target;
  }
  refuseTime(left);
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  if (leftTag === "!!int" && rightTag === "!!int") {
    const { number } = parseWhole(right.value);
    return whole(target, left, (leftNumber) => leftNumber - number);
  }
  if (!areNumbers(leftTag, rightTag)) throw unfit(right, "subtracted from", left);
  return decimal(target, left, decimalOf(left) - decimalOf(right));
}

/** `*` of scalars: a product, or a text repeated. */
export function product(left: Node, right: Node): Node {
  const [leftTag, rightTag] = [tagOf(left), tagOf(right)];
  const target = copyBare(left);
  target.kind = "scalar";
  if (leftTag === "!!int" && rightTag === "!!int") {
    const { number } = parseWhole(right.value);
    return whole(target, left, (leftNumber) => leftNumber * number);
  }
  if (areNumbers(leftTag, rightTag)) return decimal(target, left, decimalOf(left) * decimalOf(right));
  const tags = [leftTag, rightTag];
  if (!tags.includes("!!str") || !tags.includes("!!int")) throw unfit(left, "multiplied by", right);
  return repeated(target, ...(left.tag === "!!str" ? [left, right] : [right, left]) as [Node, Node]);
}

function repeated(target: Node, text: Node, count: Node): Node {
  const times = parseIndex(count.value);
  if (times < 0) throw failure(`a text cannot be repeated ${times} times`);
  if (text.value.length * times > longestText) throw failure(`a text repeated ${times} times is too long`);
  if (!target.style) target.style = text.style;
  if (target.tag.startsWith("!!")) target.tag = text.tag;
  target.value = text.value.repeat(times);
  return target;
}
