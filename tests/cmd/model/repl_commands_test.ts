import { deepStrictEqual, strictEqual } from "node:assert";
import { parseReplCommand, type ReplCommand } from "../../../cmd/model/repl_commands.ts";

const cases: [line: string, command: ReplCommand][] = [
  ["/bye", { type: "leave" }],
  ["/exit ", { type: "leave" }],
  ["/clear", { type: "clear" }],
  ["/set system You are brief.", { type: "system", text: "You are brief." }],
  ["/set system 'You  are brief.'", { type: "system", text: "You  are brief." }],
  ["/set system", { type: "system", text: "" }],
  ["/set num_ctx 2048", { type: "context", tokens: 2048, deprecated: false }],
  ["/set parameter num_ctx 2048", { type: "context", tokens: 2048, deprecated: true }],
  ["/set num_ctx many", { type: "error", message: "num_ctx takes a whole number of tokens, not 'many'" }],
  ["/set colour red", { type: "error", message: "Unknown setting 'colour'. Type /? set for help" }],
  ["/sing", { type: "error", message: "Unknown command '/sing'. Type /? for help" }],
];
for (const [line, command] of cases) {
  Deno.test(`parseReplCommand() reads ${line}`, () => deepStrictEqual(parseReplCommand(line), command));
}

Deno.test("parseReplCommand() gives help by topic", () => {
  for (
    const [line, word] of [["/?", "/bye"], ["/help shortcuts", "Ctrl + a"], ["/? set", "num_ctx"], [
      "/set",
      "num_ctx",
    ]]
  ) {
    const command = parseReplCommand(line);
    strictEqual(command.type === "help" && command.text.includes(word), true, line);
  }
});
