import { strictEqual } from "node:assert";
import { type AnswerDelta, AnswerPrinter } from "../../../cmd/model/answer_printer.ts";

const cases: { name: string; deltas: AnswerDelta[]; color?: boolean; shown: string }[] = [
  { name: "text passes as it is", deltas: [{ text: "He" }, { text: "llo" }], shown: "Hello\n" },
  { name: "an answer that ends its line gets no second break", deltas: [{ text: "Hi\n" }], shown: "Hi\n" },
  {
    name: "reasoning stands under a heading and apart from the answer",
    deltas: [{ reasoning: "Hm" }, { reasoning: "m." }, { text: "Yes." }],
    shown: "Thinking:\nHmm.\n\n--\n\nYes.\n",
  },
  {
    name: "fenced code is tinted",
    deltas: [{ text: "See\n``" }, { text: "`js\nlet a" }, { text: ";\n```\nok" }],
    color: true,
    shown: "See\n\x1b[2m```js\n\x1b[0m\x1b[36mlet a\x1b[0m\x1b[36m;\n\x1b[0m\x1b[2m```\n\x1b[0mok\n",
  },
];

for (const { name, deltas, color = false, shown } of cases) {
  Deno.test(`AnswerPrinter: ${name}`, () => {
    const printer = new AnswerPrinter(color);
    strictEqual(deltas.map((delta) => printer.push(delta)).join("") + printer.end(), shown);
  });
}
