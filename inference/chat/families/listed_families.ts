/** DeepSeek R1 and V3, Kimi K2, Solar: calls listed one by one between markers of their own. */
import { literal } from "../call_grammar.ts";
import { type ListedCalls, listedCalls, namedCall } from "../parse/named_calls.ts";
import { type Family, has, think } from "./family.ts";

const deepseekMarks: ListedCalls = {
  begin: "<｜tool▁call▁begin｜>",
  separator: "<｜tool▁sep｜>",
  end: "<｜tool▁call▁end｜>",
  sectionEnd: "<｜tool▁calls▁end｜>",
};

const section = "<｜tool▁calls▁begin｜>";

export const deepseekR1: Family = {
  name: "deepseek-r1",
  matches: has("<｜tool▁call"),
  syntax: {
    reasoning: think,
    calls: [
      { open: section, read: listedCalls(deepseekMarks) },
      // some models leave the opening of the list out
      { open: deepseekMarks.begin, read: listedCalls(deepseekMarks, true) },
    ],
  },
  grammar: {
    trigger: section,
    call: (tool, args) =>
      `${
        literal(`${deepseekMarks.begin}function${deepseekMarks.separator}${tool.name}\n\`\`\`json\n`)
      } ${args} ` +
      literal(`\n\`\`\`${deepseekMarks.end}`),
    separator: '"\\n"?',
    close: literal(deepseekMarks.sectionEnd),
  },
  visible: Object.values(deepseekMarks),
};

export const deepseekV31: Family = {
  ...deepseekR1,
  name: "deepseek-v3.1",
  matches: (template) => has("<｜tool▁call")(template) && !template.includes("```json"),
  grammar: {
    trigger: section,
    call: (tool, args) =>
      `${literal(deepseekMarks.begin + tool.name + deepseekMarks.separator)} ${args} ${
        literal(deepseekMarks.end)
      }`,
    separator: '""',
    close: literal(deepseekMarks.sectionEnd),
  },
};

const kimiMarks: ListedCalls = {
  begin: "<|tool_call_begin|>",
  separator: "<|tool_call_argument_begin|>",
  end: "<|tool_call_end|>",
  sectionEnd: "<|tool_calls_section_end|>",
};

export const kimi: Family = {
  name: "kimi-k2",
  matches: has("<|tool_calls_section_begin|>"),
  syntax: {
    reasoning: think,
    calls: [{ open: "<|tool_calls_section_begin|>", read: listedCalls(kimiMarks) }],
  },
  grammar: {
    trigger: "<|tool_calls_section_begin|>",
    call: (tool, args) =>
      `${literal(`${kimiMarks.begin}functions.${tool.name}:`)} [0-9]+ ${
        literal(kimiMarks.separator)
      } ${args} ` +
      literal(kimiMarks.end),
    separator: '""',
    close: literal(kimiMarks.sectionEnd),
  },
  visible: Object.values(kimiMarks),
};

const solarMarks = { begin: "<|tool_call:begin|>", name: "<|tool_call:name|>", args: "<|tool_call:args|>" };

export const solar: Family = {
  name: "solar",
  matches: has(solarMarks.begin),
  syntax: {
    reasoning: { open: "<|think|>", close: "<|end|>" },
    dropped: ["<|begin|>assistant", "<|content|>", "<|tool_calls|>", "<|calls|>"],
    calls: [{
      open: solarMarks.begin,
      *read(state) {
        let id = "", name = "";
        if (!(yield* state.input.until([solarMarks.name], (text) => id += text))) return false;
        if (!(yield* state.input.until([solarMarks.args], (text) => name += text))) return false;
        yield* namedCall(state, name.trim(), id.trim() || undefined);
        yield* state.input.accept("<|tool_call:end|>");
        return true;
      },
    }],
  },
  visible: [solarMarks.name, solarMarks.args, "<|tool_call:end|>"],
};
