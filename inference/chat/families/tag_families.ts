/** Families that write calls between tags: Hermes and Qwen, Granite 4, GLM, MiniMax, Seed, Nemotron, Apriel. */
import { jsonCall, literal } from "../call_grammar.ts";
import { toolCallTag } from "../parse/tagged_calls.ts";
import type { Family } from "./family.ts";

export const think = { open: "<think>", close: "</think>" };

const has = (...marks: string[]) => (template: string) => marks.every((mark) => template.includes(mark));

const hermesCall = {
  trigger: "<tool_call>",
  call: (tool: Parameters<ReturnType<typeof jsonCall>>[0], args: string) =>
    `space ${jsonCall()(tool, args)} space ${literal("</tool_call>")}`,
  separator: `space ${literal("<tool_call>")}`,
};

export const hermes: Family = {
  name: "hermes",
  matches: has("<tool_call>"),
  syntax: { reasoning: think, calls: [{ open: "<tool_call>", read: toolCallTag("</tool_call>") }] },
  grammar: hermesCall,
  visible: ["</tool_call>"],
};
