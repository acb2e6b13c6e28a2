/**
 * Nodes of a document as expressions see them: they know their parent and key, so that a path can be told,
 * and an assignment writes where a path has led.
 */
import { tagOfPlain } from "./scalar.ts";

export type Kind = "scalar" | "map" | "seq";

/** How YAML is written; "" leaves it to the writer. */
export type Style = "" | "tagged" | "double" | "single" | "literal" | "folded" | "flow";

export interface Node {
  kind: Kind;
  /** `!!str`, `!!int`, `!!map` …; "" for a collection that an assignment made. */
  tag: string;
  /** Text of a scalar, as it is written. */
  value: string;
  style: Style;
  /** Items of a list; of a map its keys and values by turns. */
  content: Node[];
  parent?: Node;
  /** The key of a map's value, the index of a list's item. */
  key?: Node;
  isKey: boolean;
  /** The document itself, which several results of may be collected into one. */
  together: boolean;
  /** The text that it was decoded from. */
  source?: string;
}

export function newNode(kind: Kind, tag: string, value = ""): Node {
  return { kind, tag, value, style: "", content: [], isKey: false, together: false };
}

export function textNode(text: string): Node {
  return newNode("scalar", text === "<<" ? "!!merge" : "!!str", text);
}

export function intNode(number: number): Node {
  return newNode("scalar", "!!int", `${number}`);
}

export function nullNode(): Node {
  return newNode("scalar", "!!null", "null");
}

export function copyBare(node: Node): Node {
  return { ...node, content: [], key: node.key && copy(node.key) };
}

export function copy(node: Node): Node {
  const copied = copyBare(node);
  addChildren(copied, node.content);
  return copied;
}

/** Appends a copy to a list. */
export function addItem(list: Node, item: Node): void {
  const key = intNode(list.content.length);
  key.parent = list;
  list.content.push(Object.assign(copy(item), { parent: list, isKey: false, key }));
}

/** Appends copies to a map; gives them. */
export function addPair(map: Node, key: Node, value: Node): [key: Node, value: Node] {
  const addedKey = Object.assign(copy(key), { parent: map, isKey: true });
  const addedValue = Object.assign(copy(value), { parent: map, isKey: false, key: addedKey });
  map.content.push(addedKey, addedValue);
  return [addedKey, addedValue];
}

/** Appends copies of the content of another node of this kind. */
export function addChildren(node: Node, children: Node[]): void {
  if (node.kind !== "map") return children.forEach((child) => addItem(node, child));
  for (let i = 0; i + 1 < children.length; i += 2) addPair(node, children[i], children[i + 1]);
}

/** Keys and values of a map. */
export function pairs(map: Node): [key: Node, value: Node][] {
  const found: [Node, Node][] = [];
  for (let i = 0; i + 1 < map.content.length; i += 2) found.push([map.content[i], map.content[i + 1]]);
  return found;
}

/** A copy of `other` that stands where `node` does. */
export function inPlaceOf(node: Node, other: Node): Node {
  const copied = copy(other);
  copied.parent = node.parent;
  copied.key = node.isKey ? node : node.key;
  return copied;
}

/** A new node that stands where `node` does. */
export function replacement(node: Node, kind: Kind, tag: string, value = "", style: Style = ""): Node {
  return inPlaceOf(node, Object.assign(newNode(kind, tag, value), { style }));
}

export function boolAt(node: Node, value: boolean): Node {
  const made = replacement(node, "scalar", "!!bool", `${value}`);
  if (node.isKey) made.key = node;
  return made;
}

export function isNull(node: Node | undefined): boolean {
  return node?.tag === "!!null";
}

/** The tag that counts: of a tag of one's own, what the text would be without it. */
export function tagOf(node: Node): string {
  return node.tag.startsWith("!!") || node.value === "" ? node.tag : tagOfPlain(node.value);
}

export function isTruthy(node: Node | undefined): boolean {
  if (!node || isNull(node)) return false;
  return node.kind !== "scalar" || node.tag !== "!!bool" || /^(y|yes|on|true)$/i.test(node.value);
}

/** Keys and indices from the root. */
export function pathOf(node: Node): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: Node | undefined = node; at; at = at.parent) {
    const step = stepOf(at);
    if (step === undefined) break;
    path.unshift(step);
  }
  return path;
}

function stepOf(node: Node): string | number | undefined {
  if (node.isKey) return node.value;
  if (!node.key) return undefined;
  return node.key.tag !== "!!str" && /^[-+]?\d+$/.test(node.key.value)
    ? Number(node.key.value)
    : node.key.value;
}

/** The path as a person writes it, for errors. */
export function shownPath(node: Node): string {
  return pathOf(node).map((step, i) =>
    typeof step === "number" || (i > 0 && step.includes(".")) ? `[${step}]` : i === 0 ? step : `.${step}`
  ).join("");
}

/** What a node is called among the results of one traversal: of equal ones the last counts. */
export function slotOf(node: Node): string {
  return `${node.isKey ? `key-${node.value}-` : ""}${node.key?.value ?? ""}`;
}

/** Whether both are equal, whatever their style. */
export function equalNodes(a: Node, b: Node): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "scalar" && tagOf(a) !== tagOf(b)) return false;
  if (isNull(a)) return true;
  if (a.kind === "scalar") return a.value === b.value;
  if (a.content.length !== b.content.length) return false;
  if (a.kind === "seq") return a.content.every((item, i) => equalNodes(item, b.content[i]));
  return pairs(a).every(([key, value]) => {
    const at = indexOfKey(b, key);
    return at >= 0 && equalNodes(value, b.content[at + 1]);
  });
}

/** Where in a map's content an equal key is; -1. */
export function indexOfKey(map: Node, key: Node): number {
  for (let i = 0; i < map.content.length; i += 2) if (equalNodes(map.content[i], key)) return i;
  return -1;
}
