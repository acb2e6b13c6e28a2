/** Texts as nodes, with the style that YAML was written in. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node as YamlNode,
  parseAllDocuments,
  Scalar,
} from "yaml";
import { failure } from "./failure.ts";
import { newNode, type Node, nullNode, type Style, textNode } from "./node.ts";
import { showDecimal, tagOfPlain } from "./scalar.ts";

const styles: Record<string, Style> = {
  [Scalar.QUOTE_DOUBLE]: "double",
  [Scalar.QUOTE_SINGLE]: "single",
  [Scalar.BLOCK_LITERAL]: "literal",
  [Scalar.BLOCK_FOLDED]: "folded",
};

/** A text whose aliases stand for more nodes than this is refused. */
const mostNodes = 1_000_000;

/** The first document of a YAML text. Comments are left out; what aliases stand for is put in their place. */
export function readYaml(text: string): Node {
  const documents = parseAllDocuments(text, {
    version: "1.2",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
    stringKeys: false,
  });
  const document = "empty" in documents ? undefined : documents[0];
  if (!document) throw failure("there is no YAML to read in an empty text");
  const [error] = document.errors;
  if (error) throw failure(`the text is no YAML: ${error.message.replace(/\s+/g, " ")}`);
  let count = 0;
  const targets = new Map<Alias, YamlNode | undefined>(); // each is looked for in the whole document
  const read = (node: YamlNode | null | undefined): Node => {
    if (++count > mostNodes) throw failure("the text is too large: its aliases stand for too much");
    if (isAlias(node)) {
      if (!targets.has(node)) targets.set(node, node.resolve(document));
      return read(targets.get(node));
    }
    if (isMap(node)) {
      const map = collection("map", "!!map", node.flow);
      for (const { key, value } of node.items) append(map, read(key as YamlNode), read(value as YamlNode));
      return map;
    }
    if (isSeq(node)) {
      const list = collection("seq", "!!seq", node.flow);
      for (const item of node.items) append(list, read(item as YamlNode));
      return list;
    }
    return isScalar(node) ? readScalar(node) : newNode("scalar", "!!null");
  };
  return read(document.contents);
}

function collection(kind: "map" | "seq", tag: string, flow: boolean | undefined): Node {
  return Object.assign(newNode(kind, tag), { style: flow ? "flow" : "" });
}

function readScalar({ type, source, value, tag }: Scalar): Node {
  const text = source ?? `${value ?? ""}`;
  const style = styles[type ?? ""] ?? "";
  const given = tag?.replace("tag:yaml.org,2002:", "!!");
  const node = newNode("scalar", given ?? (style ? "!!str" : tagOfPlain(text)), text);
  node.style = given ? "tagged" : style;
  return node;
}

/** Without the copies that `addPair` and `addItem` make: what is read belongs to nobody else. */
function append(parent: Node, ...children: Node[]): void {
  const [first, second] = children;
  if (second) {
    Object.assign(first, { parent, isKey: true });
    Object.assign(second, { parent, key: first });
    parent.content.push(first, second);
  } else {
    const key = Object.assign(newNode("scalar", "!!int", `${parent.content.length}`), {
      parent,
      isKey: true,
    });
    Object.assign(first, { parent, key });
    parent.content.push(first);
  }
}

/** A JSON text. */
export function readJson(text: string): Node {
  return nodeOf(JSON.parse(text));
}

function nodeOf(value: unknown): Node {
  if (value === null) return nullNode();
  if (typeof value === "string") return Object.assign(textNode(value), { tag: "!!str" });
  if (typeof value === "boolean") return newNode("scalar", "!!bool", `${value}`);
  if (typeof value === "number") return numberNode(value);
  const node = newNode(Array.isArray(value) ? "seq" : "map", Array.isArray(value) ? "!!seq" : "!!map");
  if (Array.isArray(value)) { for (const item of value) append(node, nodeOf(item)); }
  else for (const [key, item] of Object.entries(value as object)) append(node, nodeOf(key), nodeOf(item));
  return node;
}

function numberNode(number: number): Node {
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 63) {
    return newNode("scalar", "!!int", `${BigInt(number)}`);
  }
  return newNode("scalar", "!!float", showDecimal(number));
}
