/** Blocks of an answer -> output items of the Responses API. */
import { chatLogprob } from "../openai/answer.ts";
import { answerId } from "../generation.ts";
import type { Block } from "../answer_blocks.ts";
import { sealedReasoning } from "../sealed_reasoning.ts";
import { type ClientTool, customInput } from "./tools.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface OutputItem extends Record<string, unknown> {
  id: string;
  type: "message" | "reasoning" | "function_call" | "custom_tool_call";
}

export interface ItemOptions {
  tools: ClientTool[];
  /** The client asked for a summary: the reasoning is shown as one. */
  summary: boolean;
  /** The client wants the reasoning back in a form that it can send again. */
  sealed: boolean;
  logprobs: boolean;
}

type ItemKind = OutputItem["type"];

const prefixes: Record<ItemKind, string> = {
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  custom_tool_call: "ctc",
};

export function itemKind(block: Block, tools: ClientTool[]): ItemKind {
  if (block.kind === "text") return "message";
  if (block.kind === "reasoning") return "reasoning";
  return calledTool(block, tools)?.kind === "custom" ? "custom_tool_call" : "function_call";
}

export function itemId(kind: ItemKind): string {
  return answerId(prefixes[kind], "_");
}

function calledTool({ name }: Block, tools: ClientTool[]): ClientTool | undefined {
  return tools.find(({ tool }) => tool.name === name);
}

/** The content part of a message; empty when it begins. */
export function textPart({ text, logprobs }: Pick<Block, "text" | "logprobs">, options: ItemOptions) {
  const written = options.logprobs ? logprobs.map(chatLogprob) : [];
  return { type: "output_text", text, annotations: [], logprobs: written };
}

/** The item that a block stands for, as far as it is written. While it is in progress it has no content. */
export function outputItem(id: string, block: Block, status: ItemStatus, options: ItemOptions): OutputItem {
  const type = itemKind(block, options.tools);
  const begun = status === "in_progress";
  switch (type) {
    case "message":
      return { id, type, status, role: "assistant", content: begun ? [] : [textPart(block, options)] };
    case "reasoning":
      return { id, type, ...reasoningContent(block, begun, options), status };
    case "function_call":
    case "custom_tool_call": {
      const called = calledTool(block, options.tools);
      const text = begun ? "" : block.text === "" ? "{}" : block.text;
      return {
        id,
        type,
        status,
        call_id: block.id,
        name: called?.name ?? block.name,
        ...(called?.namespace === undefined ? {} : { namespace: called.namespace }),
        ...(type === "function_call" ? { arguments: text } : { input: begun ? "" : customInput(text) }),
      };
    }
  }
}

function reasoningContent({ text }: Block, begun: boolean, { summary, sealed }: ItemOptions) {
  const shown = begun ? [] : [{ type: summary ? "summary_text" : "reasoning_text", text }];
  return {
    summary: summary ? shown : [],
    ...(summary ? {} : { content: shown }),
    ...(sealed ? { encrypted_content: begun ? "" : sealedReasoning(text) } : {}),
  };
}
