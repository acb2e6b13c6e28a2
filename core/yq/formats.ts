/** Nodes into texts of a format, and texts into nodes: `@json`, `to_yaml`, `@csv`, `@base64d` and others. */
import { each } from "./context.ts";
import { failure } from "./failure.ts";
import { indexOfKey, type Node, pairs, replacement, tagOf, textNode } from "./node.ts";
import type { Options } from "./operations.ts";
import { readYaml } from "./read_document.ts";
import { writeJson } from "./write_json.ts";
import { writeYaml } from "./write_yaml.ts";

export const encode = each((node, { operation: { options } }) => {
  const text = encoded(node, options);
  const bare = node.source !== undefined && !node.source.endsWith("\n"); // and so it stays
  return replacement(node, "scalar", "!!str", bare ? text.replace(/([^\n])\n$/, "$1") : text);
});

function encoded(node: Node, { format, indent = 0 }: Options): string {
  switch (format) {
    case "json":
      return writeJson(node, indent) + (indent > 0 ? "\n" : "");
    case "csv":
      return table(node, ",");
    case "tsv":
      return table(node, "\t");
    case "base64":
      return base64(textOf(node, "@base64"));
    case "base64url":
      return base64(textOf(node, "@base64url")).replaceAll("+", "-").replaceAll("/", "_");
    case "uri":
      return queryEscaped(textOf(node, "@uri"));
    case "sh":
      return shellQuoted(textOf(node, "@sh"));
  }
  return writeYaml(node, indent);
}

function textOf(node: Node, word: string): string {
  if (tagOf(node) === "!!str") return node.value;
  throw failure(`${word} takes a text, not ${node.tag}`, `Make it one: \`@json | ${word}\`.`);
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function queryEscaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** Quotes around what a shell would take for something else, from the first such character on. */
function shellQuoted(text: string): string {
  return text.split("'").map((part) => {
    const at = part.search(/[^\w@%+=:,./-]/);
    return at < 0 ? part : `${part.slice(0, at)}'${part.slice(at)}'`;
  }).join("\\'");
}

/** Rows of scalars: of one list a row, of lists or maps a row each. */
function table(node: Node, separator: string): string {
  if (node.kind === "scalar") return node.value;
  if (node.kind !== "seq") throw failure(`@csv takes a list, not ${node.tag}`);
  const [first] = node.content;
  if (!first) return "";
  const rows = first.kind === "scalar"
    ? [node.content]
    : first.kind === "map"
    ? mapRows(node)
    : listRows(node);
  return rows.map((row) => row.map((cell) => quotedCell(cellText(cell), separator)).join(separator)).join(
    "\n",
  );
}

function listRows({ content }: Node): Node[][] {
  return content.map((row) => {
    if (row.kind !== "seq") throw failure(`@csv takes rows of one kind, not ${row.tag}`);
    return row.content;
  });
}

function mapRows({ content }: Node): Node[][] {
  const header = pairs(content[0]).map(([key]) => key);
  const rows = content.map((row) => {
    if (row.kind !== "map") throw failure(`@csv takes rows of one kind, not ${row.tag}`);
    return header.map((key) => {
      const at = indexOfKey(row, key);
      return at < 0 ? textNode("") : row.content[at + 1];
    });
  });
  return [header, ...rows];
}

function cellText(cell: Node): string {
  if (cell.kind !== "scalar") throw failure(`@csv takes numbers and texts, not ${cell.tag}`);
  return cell.value;
}

function quotedCell(text: string, separator: string): string {
  const quoted = text === "\\." || text.includes(separator) || /["\n\r]|^\s/.test(text);
  return quoted ? `"${text.replaceAll('"', '""')}"` : text;
}

export const decode = each((node, { operation: { options: { format } } }) =>
  Object.assign(decoded(node.value, format), { key: node.key, parent: node.parent, source: node.value })
);

function decoded(text: string, format: Options["format"]): Node {
  switch (format) {
    case "base64":
      return textNode(fromBase64(text, "base64"));
    case "base64url":
      return textNode(fromBase64(text, "base64url"));
    case "uri":
      return textNode(queryUnescaped(text));
  }
  return readYaml(text);
}

function fromBase64(text: string, alphabet: "base64" | "base64url"): string {
  const digits = text.trim().replace(/[\r\n]/g, "").replace(/=+$/, "");
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(digits, { alphabet }));
  } catch {
    throw failure(`"${text}" is not ${alphabet}`);
  }
}

function queryUnescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw failure(`"${text}" is not escaped as in an address`);
  }
}
