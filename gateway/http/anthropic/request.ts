/** The body of POST …/v1/messages and …/v1/messages/count_tokens. */
import * as z from "zod";
import type { ChatRequest } from "../../../inference/chat/request.ts";
import { refusal } from "./errors.ts";
import { messagesOf, systemMessages } from "./messages.ts";
import { chosenTools, offeredTools } from "./tools.ts";

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(block)]);

const thinking = z.discriminatedUnion("type", [
  z.object({ type: z.literal("enabled"), budget_tokens: z.int().min(1), display: z.string().nullish() }),
  z.object({ type: z.literal("adaptive"), display: z.string().nullish() }),
  z.object({ type: z.literal("disabled") }),
]);

const jsonFormat = z.object({
  type: z.literal("json_schema"),
  schema: z.record(z.string(), z.unknown()),
});

/** The fields from which the prompt is made. */
const promptFields = {
  model: z.string().min(1),
  messages: z.array(z.object({ role: z.enum(["user", "assistant", "system"]), content })).min(1),
  system: content.nullish(),
  tools: z.array(z.looseObject({ type: z.string().nullish(), name: z.string().nullish() })).nullish(),
  tool_choice: z.discriminatedUnion("type", [
    z.object({ type: z.literal("auto"), disable_parallel_tool_use: z.boolean().nullish() }),
    z.object({ type: z.literal("any"), disable_parallel_tool_use: z.boolean().nullish() }),
    z.object({
      type: z.literal("tool"),
      name: z.string(),
      disable_parallel_tool_use: z.boolean().nullish(),
    }),
    z.object({ type: z.literal("none") }),
  ]).nullish(),
  thinking: thinking.nullish(),
  output_config: z.object({ effort: z.string().nullish(), format: jsonFormat.nullish() }).nullish(),
  output_format: jsonFormat.nullish(),
  mcp_servers: z.array(z.unknown()).nullish(),
};

export const promptSchema = z.object(promptFields);
export type PromptFields = z.infer<typeof promptSchema>;

export const messageSchema = z.object({
  ...promptFields,
  max_tokens: z.int().min(1),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  stream: z.boolean().nullish(),
  metadata: z.object({ user_id: z.string().nullish() }).nullish(),
});
export type MessageFields = z.infer<typeof messageSchema>;

/** The internal form of a request. Throws "invalid_input" with the place in the message. */
export function chatRequest(fields: PromptFields): ChatRequest {
  if (fields.mcp_servers?.length) {
    throw refusal(["mcp_servers"], "MCP servers are not called by this server.", "Let the client call them.");
  }
  const { messages, references } = messagesOf(fields.messages);
  const tools = offeredTools(fields.tools ?? [], references);
  const { toolChoice, parallelToolCalls } = chosenTools(tools, fields.tool_choice);
  const format = fields.output_config?.format ?? fields.output_format;
  const effort = fields.output_config?.effort;
  return {
    messages: [...systemMessages(fields.system), ...messages],
    ...(tools.length > 0 ? { tools } : {}),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    ...(thinks(fields) ? {} : { thinking: false }),
    ...(fields.thinking?.type === "enabled" ? { thinking: true } : {}),
    ...(effort && thinks(fields) ? { templateVariables: { reasoning_effort: knownEffort(effort) } } : {}),
    ...(format ? { constraint: { kind: "json_schema" as const, schema: format.schema } } : {}),
    ...(isContinued(fields) ? { continueLast: true } : {}),
  };
}

/** Without a word on it a message has no thinking. */
export function thinks({ thinking }: PromptFields): boolean {
  return thinking != null && thinking.type !== "disabled";
}

/** Templates know three degrees. */
function knownEffort(effort: string): string {
  return effort === "xhigh" || effort === "max" ? "high" : effort;
}

/** A conversation that ends with the assistant's words is continued in them. */
function isContinued({ messages }: PromptFields): boolean {
  const { role, content } = messages.at(-1)!;
  return role === "assistant" &&
    (typeof content === "string" || content.every(({ type }) => type === "text"));
}
