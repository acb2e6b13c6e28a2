/** Tables for people: upper-case headers, no rules, columns two spaces apart. */
import { printableLine } from "../terminal/printable.ts";
import { textWidth } from "../terminal/width.ts";

/** Lines with a line break each; what cells hold cannot break out of them. Columns are as wide as their widest cell; the last one is not padded. */
export function formatTable(headers: string[], rows: string[][]): string {
  const lines = [headers.map((header) => header.toUpperCase()), ...rows.map((row) => row.map(printableLine))];
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => textWidth(line[column]))));
  return lines.map((line) => {
    const cells = line.map((cell, column) => cell + " ".repeat(widths[column] - textWidth(cell)));
    return `${cells.join("  ").trimEnd()}\n`;
  }).join("");
}
