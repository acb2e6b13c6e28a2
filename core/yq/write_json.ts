/** Nodes as JSON. Numbers keep the digits that they were written with. */
import { failure } from "./failure.ts";
import { isTruthy, type Node, pairs, tagOf } from "./node.ts";
import { parseDecimal, parseWhole } from "./scalar.ts";

/** Without a line end. `indent` 0 is one line. */
export function writeJson(node: Node, indent: number, before = ""): string {
  if (node.kind === "scalar") return scalarJson(node);
  const [open, close] = node.kind === "map" ? "{}" : "[]";
  const within = before + " ".repeat(indent);
  const parts = node.kind === "map"
    ? pairs(node).map(([key, value]) =>
      `${textJson(key.value)}:${indent > 0 ? " " : ""}${writeJson(value, indent, within)}`
    )
    : node.content.map((item) => writeJson(item, indent, within));
  if (parts.length === 0) return open + close;
  if (indent === 0) return `${open}${parts.join(",")}${close}`;
  return `${open}\n${within}${parts.join(`,\n${within}`)}\n${before}${close}`;
}

function scalarJson(node: Node): string {
  const { value } = node;
  switch (tagOf(node)) {
    case "!!null":
      return "null";
    case "!!bool":
      return `${isTruthy(node)}`;
    case "!!int":
      return `${parseWhole(value).number}`;
    case "!!float":
      return decimalJson(value);
  }
  return textJson(value);
}

function decimalJson(text: string): string {
  const number = parseDecimal(text);
  if (number === undefined || !Number.isFinite(number)) throw failure(`JSON has no number "${text}"`);
  if (/^-?(0|[1-9]\d*)(?=[.eE])(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return text;
  if (Object.is(number, -0)) return "-0.0";
  const plain = Math.abs(number) < 1e21 ? `${number}` : BigInt(number).toString();
  return /[.e]/.test(plain) ? plain : `${plain}.0`;
}

function textJson(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => c === "\u2028" ? "\\u2028" : "\\u2029");
}
