/** A chat completion request: its schema, and the way into the internal form. */
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  Tool,
  ToolChoice,
} from "../../../inference/chat/request.ts";
import { imageData } from "../images.ts";
import { constraintOf, generationFields } from "./sampling_fields.ts";

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const contentPart = z.discriminatedUnion("type", [
  textPart,
  z.object({ type: z.literal("refusal"), refusal: z.string() }),
  z.object({ type: z.literal("image_url"), image_url: z.union([z.string(), z.object({ url: z.string() })]) }),
  z.object({ type: z.literal("input_audio"), input_audio: z.unknown() }),
  z.object({ type: z.literal("file"), file: z.unknown() }),
]);
const content = z.union([z.string(), z.array(contentPart)]);

const toolCall = z.object({
  id: z.string().nullish(),
  type: z.literal("function").nullish(),
  function: z.object({
    name: z.string(),
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  }),
});

const plainMessage = <R extends string>(role: R) =>
  z.object({ role: z.literal(role), content, name: z.string().nullish() });

const message = z.discriminatedUnion("role", [
  plainMessage("system"),
  plainMessage("developer"),
  plainMessage("user"),
  z.object({
    role: z.literal("assistant"),
    content: content.nullish(),
    refusal: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    name: z.string().nullish(),
  }),
  z.object({
    role: z.literal("tool"),
    content,
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
  }),
]);

const tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});

const namedFunction = z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) });

/** The fields from which the prompt is made; also those of /apply-template. */
export const conversationFields = {
  messages: z.array(message).min(1),
  tools: z.array(tool).nullish(),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), namedFunction]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
  reasoning_format: z.enum(["none", "auto", "deepseek", "deepseek-legacy"]).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
};

export const chatSchema = z.object({
  ...generationFields,
  ...conversationFields,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
});
export type ChatFields = z.infer<typeof chatSchema>;

const conversationSchema = z.object(conversationFields);
type Conversation = z.infer<typeof conversationSchema>;
type Message = Conversation["messages"][number];

/** The internal form of a chat completion request. Throws "invalid_input" and "unsupported" with `param`. */
export function chatRequest(fields: ChatFields): ChatRequest {
  const chat = conversation(fields);
  const constraint = constraintOf(fields);
  return constraint ? { ...chat, constraint } : chat;
}

/** The part of it that makes the prompt. */
export function conversation(fields: Conversation): ChatRequest {
  const variables = { ...fields.chat_template_kwargs };
  const effort = fields.reasoning_effort ?? undefined;
  if (effort && effort !== "none") variables.reasoning_effort ??= effort;
  const thinking = effort === "none" ? false : asBoolean(variables.enable_thinking);
  return {
    messages: fields.messages.map(internalMessage),
    ...(fields.tools?.length ? { tools: fields.tools.map(internalTool) } : {}),
    ...toolChoice(fields),
    ...(fields.parallel_tool_calls == null ? {} : { parallelToolCalls: fields.parallel_tool_calls }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(fields.reasoning_format === "none" ? { reasoningFormat: "none" as const } : {}),
    ...(Object.keys(variables).length > 0 ? { templateVariables: variables } : {}),
    ...(continuesLast(fields) ? { continueLast: true } : {}),
  };
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** As in llama-server, a conversation that ends with the assistant's words is continued in them. */
function continuesLast(fields: Conversation): boolean {
  const last = fields.messages.at(-1)!;
  if (last.role !== "assistant" || last.tool_calls?.length) return false;
  return fields.continue_final_message ?? !fields.add_generation_prompt;
}

function internalMessage(message: Message, index: number): ChatMessage {
  const where = `messages[${index}]`;
  const base = { role: message.role, content: internalContent(message.content ?? "", where) };
  const named = message.name ? { ...base, name: message.name } : base;
  if (message.role === "tool") {
    return message.tool_call_id ? { ...named, toolCallId: message.tool_call_id } : named;
  }
  if (message.role !== "assistant") return named;
  const calls = message.tool_calls?.map((call, i) => ({
    id: call.id ?? `call_${i}`,
    name: call.function.name,
    arguments: typeof call.function.arguments === "string"
      ? call.function.arguments
      : JSON.stringify(call.function.arguments ?? {}),
  }));
  return {
    ...named,
    ...(calls?.length ? { toolCalls: calls } : {}),
    ...(message.reasoning_content ? { reasoning: message.reasoning_content } : {}),
  };
}

function internalContent(
  content: string | z.infer<typeof contentPart>[],
  where: string,
): string | ContentPart[] {
  if (typeof content === "string") return content;
  return content.map((part, i): ContentPart => {
    const param = `${where}.content[${i}]`;
    switch (part.type) {
      case "text":
        return { type: "text", text: part.text };
      case "refusal":
        return { type: "text", text: part.refusal };
      case "image_url":
        return { type: "image", data: imageData(imageUrl(part.image_url), `${param}.image_url`) };
      default:
        throw new SkiffError("unsupported", `Content of type '${part.type}' is not supported.`, {
          hint: "Use 'text' and 'image_url' parts.",
          details: { param, code: "invalid_value" },
        });
    }
  });
}

function imageUrl(image: string | { url: string }): string {
  return typeof image === "string" ? image : image.url;
}

function internalTool({ function: fn }: z.infer<typeof tool>): Tool {
  return {
    name: fn.name,
    ...(fn.description ? { description: fn.description } : {}),
    ...(fn.parameters ? { parameters: fn.parameters } : {}),
    ...(fn.strict == null ? {} : { strict: fn.strict }),
  };
}

function toolChoice({ tool_choice: choice, tools }: Conversation): { toolChoice?: ToolChoice } {
  if (choice == null) return {};
  const wantsTool = choice === "required" || typeof choice === "object";
  if (wantsTool && !tools?.length) {
    throw new SkiffError("invalid_input", "'tool_choice' is only allowed when 'tools' are specified.", {
      details: { param: "tool_choice", code: "invalid_value" },
    });
  }
  if (typeof choice === "string") return { toolChoice: choice };
  const { name } = choice.function;
  if (tools!.some((t) => t.function.name === name)) return { toolChoice: { name } };
  throw new SkiffError("invalid_input", `Tool choice '${name}' not found in 'tools' parameter.`, {
    details: { param: "tool_choice", code: "invalid_value" },
  });
}
