/**
 * Nodes as YAML, in the layout of yq (the emitter of go-yaml): which scalars are quoted, and how, differs
 * from npm's `yaml`.
 */
import { type Node, pairs, type Style } from "./node.ts";
import { tagOfPlain } from "./scalar.ts";

/** Ends with a line end. A scalar is written bare. */
export function writeYaml(node: Node, step = 2): string {
  if (node.kind === "scalar") return `${node.value}\n`;
  const indent = Math.min(Math.max(step, 2), 9);
  const { first, rest } = written(node, { indent: 0, outer: 0, step: indent, flow: false, key: false });
  return endOfLine(first && rest ? `${first}\n${rest}` : first + rest);
}

interface Place {
  /** Of the node's own lines. */
  indent: number;
  /** Of the block that the node stands in. */
  outer: number;
  step: number;
  flow: boolean;
  key: boolean;
}

/** `first` follows on the line of the key or dash; `rest` are lines below. */
interface Written {
  first: string;
  rest: string;
}

function endOfLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function written(node: Node, place: Place): Written {
  if (node.kind === "scalar") return { first: scalar(node, place), rest: "" };
  const tag = collectionTag(node);
  const flow = place.flow || place.key || node.style === "flow" || node.content.length === 0;
  if (flow) return { first: tag + flowCollection(node, { ...place, flow: true, key: false }), rest: "" };
  const lines = node.kind === "map" ? mapLines(node, place) : listLines(node, place);
  return { first: tag.trimEnd(), rest: lines };
}

function collectionTag({ tag, kind, style }: Node): string {
  if (tag === "") return "";
  return style !== "tagged" && tag === (kind === "map" ? "!!map" : "!!seq") ? "" : `${tag} `;
}

function nextIndent({ indent, step }: Place): number {
  return step * Math.floor((indent + step) / step);
}

function mapLines(map: Node, place: Place): string {
  const margin = " ".repeat(place.indent);
  const below = { ...place, indent: nextIndent(place), outer: place.indent };
  return pairs(map).map(([key, value]) => {
    const { first, rest } = written(value, below);
    if (isLongKey(key, place)) {
      const keyText = endOfLine(`${margin}?${compact(written(key, below), place.indent)}`);
      return endOfLine(`${keyText}${margin}:${compact({ first, rest }, place.indent)}`);
    }
    const head = `${margin}${written(key, { ...place, key: true }).first}:${space(first)}`;
    return endOfLine(rest ? `${head}\n${rest}` : head);
  }).join("");
}

/** A key that does not fit on a line of its own with `:` behind it. */
function isLongKey(key: Node, place: Place): boolean {
  if (key.kind !== "scalar") return key.content.length > 0;
  const text = written(key, { ...place, key: true }).first;
  return anyBreak.test(key.value) ||
    new TextEncoder().encode(key.value).length + (text.startsWith("!") ? text.indexOf(" ") : 0) > 128;
}

function listLines(list: Node, place: Place): string {
  const margin = " ".repeat(place.indent);
  const below = { ...place, indent: place.indent + 2, outer: place.indent };
  const lines = list.content.map((item) => `${margin}-${compact(written(item, below), place.indent)}`);
  return lines.map(endOfLine).join("");
}

function space(text: string): string {
  return text && ` ${text}`;
}

/** What stands behind a dash, `?` or `:` at `indent`: a block begins on that line, unless a tag stands there. */
function compact({ first, rest }: Written, indent: number): string {
  if (!rest) return space(first);
  return first ? ` ${first}\n${rest}` : rest.slice(indent + 1);
}

function flowCollection(node: Node, place: Place): string {
  if (node.kind === "seq") return `[${node.content.map((item) => written(item, place).first).join(", ")}]`;
  const entries = pairs(node).map(([key, value]) => {
    const keyText = isLongKey(key, place)
      ? `? ${written(key, place).first} `
      : written(key, { ...place, key: true }).first;
    return `${keyText}:${space(written(value, place).first)}`;
  });
  return `{${entries.join(", ")}}`;
}

function scalar(node: Node, place: Place): string {
  const { tag, quoted } = scalarTag(node);
  const style = scalarStyle(node, quoted, place);
  return tag + inStyle(node.value, style, place);
}

/** A tag that the text alone would not give, and whether the text is quoted to say that it is one. */
function scalarTag({ tag, value, style }: Node): { tag: string; quoted: boolean } {
  if (tag === "" || tag === "!!merge" && value === "<<") return { tag: "", quoted: false };
  if (style === "tagged") return { tag: `${tag} `, quoted: false };
  const plain = tagOfPlain(value);
  if (tag === plain || tag === "!!int" || tag === "!!float") return { tag: "", quoted: false };
  if (tag === "!!str") return { tag: "", quoted: true };
  return { tag: `${tag} `, quoted: false };
}

function scalarStyle({ value, style }: Node, quoted: boolean, place: Place): Style {
  const shape = shapeOf(value);
  let chosen: Style = style === "flow" || style === "tagged" ? "" : style;
  if (!chosen && value.includes("\n")) chosen = "literal";
  else if (!chosen && quoted) chosen = "double";
  if (place.key && shape.multiline) chosen = "double";
  if (!chosen) {
    const fits = place.flow ? shape.plainInFlow : shape.plain;
    if (!fits || value === "" && (place.flow || place.key)) chosen = "single";
  }
  if (chosen === "single" && !shape.single) chosen = "double";
  if ((chosen === "literal" || chosen === "folded") && (!shape.block || place.flow || place.key)) {
    chosen = "double";
  }
  return chosen;
}

interface Shape {
  multiline: boolean;
  plain: boolean;
  plainInFlow: boolean;
  single: boolean;
  block: boolean;
}

const breaks = "\\n\\r\\x85\\u2028\\u2029";
// What go-yaml takes for printable; characters beyond the first plane are escaped.
const unprintable = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const edges = new RegExp(`^[ ${breaks}]|[ ${breaks}]$`);
const breakThenSpace = new RegExp(`[${breaks}] `);
const spaceThenBreak = new RegExp(` [${breaks}]`);
const remark = new RegExp(`[ \\t${breaks}]#`);
const anyBreak = new RegExp(`[${breaks}]`);

/** In which styles a text can be written. */
function shapeOf(text: string): Shape {
  if (text === "") return { multiline: false, plain: true, plainInFlow: false, single: true, block: false };
  const special = unprintable.test(text.replaceAll("\t", ""));
  const multiline = anyBreak.test(text);
  const indicator = /^(---|\.\.\.)/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[?:-](?=[ \t]|$)/.test(text) || /:(?=[ \t]|$)/.test(text) ||
    remark.test(text);
  const flowIndicator = indicator || /[,?[\]{}:]/.test(text);
  const broken = edges.test(text) || breakThenSpace.test(text) || spaceThenBreak.test(text) ||
    text.includes("\t") || special || multiline;
  return {
    multiline,
    plain: !broken && !indicator,
    plainInFlow: !broken && !flowIndicator,
    single: !breakThenSpace.test(text) && !spaceThenBreak.test(text) && !text.includes("\t") && !special,
    block: !special,
  };
}

function inStyle(text: string, style: Style, place: Place): string {
  switch (style) {
    case "single":
      return `'${singleLines(text.replaceAll("'", "''"), place)}'`;
    case "double":
      return `"${escaped(text)}"`;
    case "literal":
      return blockText("|", text, place);
    case "folded":
      return blockText(">", text, place);
  }
  return text;
}

/** A line end within single quotes is written as two; what follows is indented. */
function singleLines(text: string, { indent }: Place): string {
  return text.replace(/\n+/g, "\n$&").replace(/\n(?=[^\n])/g, `\n${" ".repeat(indent)}`);
}

const escapes: Record<string, string> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\u2028": "L",
  "\u2029": "P",
};

function escaped(text: string): string {
  return [...text].map((character) => {
    if (!unprintable.test(character) && !/[\n"\\\u2028\u2029]/.test(character)) return character;
    const short = escapes[character];
    if (short) return `\\${short}`;
    const code = character.codePointAt(0)!.toString(16).toUpperCase();
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  }).join("");
}

function blockText(mark: string, lines: string, { indent, outer }: Place): string {
  const text = lines.replace(/^\n*/, "");
  const hint = /^[ \t]/.test(text) ? `${indent - outer}` : "";
  const chomp = !lines.endsWith("\n") ? "-" : lines === "\n" || lines.endsWith("\n\n") ? "+" : "";
  const body = (mark === ">" ? unfolded(lines) : lines).replace(/^(?=.)/gm, " ".repeat(indent));
  return `${mark}${hint}${chomp}\n${body}`;
}

/** A line end between two lines that are not indented is written as two. */
function unfolded(text: string): string {
  return text.replace(/^([^ \t\n].*)(\n+)(?=[^ \t\n])/gm, "$1$2\n");
}
