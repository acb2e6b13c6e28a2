/** What somebody else wrote, on a terminal. */
import { strictEqual as equal } from "node:assert/strict";
import { formatTable } from "../../../core/cli/table.ts";
import { printable, printableLine } from "../../../core/terminal/printable.ts";

const cases: [text: string, shown: string][] = [
  ["plain — ünï 🐳\n\tand tabs\r\n", "plain — ünï 🐳\n\tand tabs\r\n"],
  ["\x1b[1;31mred\x1b[0m", "red"],
  ["\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"],
  ["\x1b[2Jgone\rover", "\\u{1b}[2Jgone\\u{d}over"],
  ["\x9b31m\x7f", "\\u{9b}31m\\u{7f}"],
  ["a\u202Eb\u2066c", "a\\u{202e}b\\u{2066}c"],
];

for (const [text, shown] of cases) {
  Deno.test(`${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () => {
    equal(printable(text), shown);
  });
}

Deno.test("cells do not break out of their table", () => {
  equal(printableLine("a\nb\tc\r\nd"), "a b c d");
  equal(
    formatTable(["name", "n"], [["a\nb", "1"], ["\x1b[31mc\x1b[2J", "2"]]),
    "NAME        N\na b         1\nc\\u{1b}[2J  2\n",
  );
});
