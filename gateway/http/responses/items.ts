/** Input items of the Responses API -> messages of the internal form. */
import * as z from "zod";
import type { ChatMessage, ContentPart, ToolCall } from "../../../inference/chat/request.ts";
import { imageData } from "../images.ts";
import { parameter, validate } from "../openai/validation.ts";
import { openedReasoning } from "../sealed_reasoning.ts";
import { invalid } from "./request.ts";
import { internalName } from "./tools.ts";

/** An item of a conversation, as the client wrote it or as it was answered. */
export type Item = Record<string, unknown> & { type?: string | null };

const part = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(part)]);
type Content = z.infer<typeof content>;

const message = z.object({
  role: z.enum(["user", "assistant", "system", "developer"]),
  content,
});
const call = z.object({
  call_id: z.string(),
  name: z.string(),
  namespace: z.string().nullish(),
  arguments: z.string(),
});
const customCall = call.omit({ arguments: true }).extend({ input: z.string() });
const callOutput = z.object({ call_id: z.string(), output: content });
const reasoning = z.object({
  summary: z.array(z.looseObject({ text: z.string() })).nullish(),
  content: z.array(z.looseObject({ text: z.string() })).nullish(),
  encrypted_content: z.string().nullish(),
});

/** Items about tools that OpenAI runs: nothing that a local model could make use of. */
const hosted = new RegExp(
  "^(web_search|file_search|computer|code_interpreter|image_generation|mcp|local_shell|shell|apply_patch" +
    "|tool_search|program|compaction|additional_tools|agent_message|configuration_update)",
);

/**
 * The messages that items stand for. What the assistant said, thought and called in a row is one message.
 * `path` is where the items stand in the request. Throws "invalid_input" with `param`.
 */
export function messagesOf(items: Item[], path: string): ChatMessage[] {
  const reader = new ItemReader();
  items.forEach((item, i) => reader.read(item, [path, i]));
  return reader.end();
}

class ItemReader {
  readonly #messages: ChatMessage[] = [];
  readonly #names = new Map<string, string>();
  /** The assistant's turn that is being collected. */
  #turn?: { content: string | ContentPart[]; reasoning: string; calls: ToolCall[] };

  read(item: Item, path: PropertyKey[]): void {
    const type = item.type ?? "message";
    switch (type) {
      case "message":
        return this.#message(item, path);
      case "reasoning":
        return this.#reasoning(validate(reasoning, item, path));
      case "function_call": {
        const { call_id, name, namespace, arguments: json } = validate(call, item, path);
        return this.#call(call_id, internalName(name, namespace), json);
      }
      case "custom_tool_call": {
        const { call_id, name, namespace, input } = validate(customCall, item, path);
        return this.#call(call_id, internalName(name, namespace), JSON.stringify({ input }));
      }
      case "function_call_output":
      case "custom_tool_call_output":
        return this.#output(validate(callOutput, item, path), path);
    }
    if (hosted.test(type)) return;
    const param = parameter([...path, "type"]);
    throw invalid(
      param,
      `Invalid value: '${type}'. Supported values are: 'message', 'reasoning', 'function_call', ` +
        "'function_call_output', 'custom_tool_call', 'custom_tool_call_output' and 'item_reference'.",
    );
  }

  end(): ChatMessage[] {
    this.#endTurn();
    return this.#messages;
  }

  #message(item: Item, path: PropertyKey[]): void {
    const { role, content } = validate(message, item, path);
    const parts = internalContent(content, [...path, "content"]);
    if (role !== "assistant") {
      this.#endTurn();
      this.#messages.push({ role, content: parts });
      return;
    }
    if (this.#turn && (this.#turn.content.length > 0 || this.#turn.calls.length > 0)) this.#endTurn();
    this.#openTurn().content = parts;
  }

  #reasoning({ summary, content, encrypted_content }: z.infer<typeof reasoning>): void {
    if (this.#turn && (this.#turn.content.length > 0 || this.#turn.calls.length > 0)) this.#endTurn();
    const listed = content?.length ? content : summary ?? [];
    const text = openedReasoning(encrypted_content) ?? listed.map((part) => part.text).join("\n");
    const turn = this.#openTurn();
    turn.reasoning = [turn.reasoning, text].filter((part) => part !== "").join("\n");
  }

  #call(id: string, name: string, json: string): void {
    this.#names.set(id, name);
    this.#openTurn().calls.push({ id, name, arguments: json });
  }

  #output({ call_id, output }: z.infer<typeof callOutput>, path: PropertyKey[]): void {
    this.#endTurn();
    const name = this.#names.get(call_id);
    this.#messages.push({
      role: "tool",
      content: internalContent(output, [...path, "output"]),
      toolCallId: call_id,
      ...(name === undefined ? {} : { name }),
    });
  }

  #openTurn() {
    return this.#turn ??= { content: "", reasoning: "", calls: [] };
  }

  #endTurn(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (!turn || (turn.content.length === 0 && turn.calls.length === 0)) return; // thoughts alone say nothing
    this.#messages.push({
      role: "assistant",
      content: turn.content,
      ...(turn.calls.length > 0 ? { toolCalls: turn.calls } : {}),
      ...(turn.reasoning === "" ? {} : { reasoning: turn.reasoning }),
    });
  }
}

const texts = z.object({ text: z.string() });
const refusals = z.object({ refusal: z.string() });
const images = z.object({ image_url: z.string().nullish() });

function internalContent(content: Content, path: PropertyKey[]): string | ContentPart[] {
  if (typeof content === "string") return content;
  const parts = content.map((part, i) => internalPart(part, [...path, i]));
  return parts.length === 1 && parts[0].type === "text" ? parts[0].text : parts;
}

function internalPart(part: { type: string }, path: PropertyKey[]): ContentPart {
  const param = parameter(path);
  switch (part.type) {
    case "input_text":
    case "output_text":
    case "text":
    case "summary_text":
    case "reasoning_text":
      return { type: "text", text: validate(texts, part, path).text };
    case "refusal":
      return { type: "text", text: validate(refusals, part, path).refusal };
    case "input_image": {
      const { image_url } = validate(images, part, path);
      if (!image_url) throw invalid(param, `Invalid '${param}': 'image_url' with a data: URI is needed.`);
      return { type: "image", data: imageData(image_url, `${param}.image_url`) };
    }
    case "input_file":
    case "input_audio":
      throw invalid(param, `Content of type '${part.type}' is not supported.`);
  }
  throw invalid(
    `${param}.type`,
    `Invalid value: '${part.type}'. Supported values are: 'input_text', 'input_image', 'output_text' and 'refusal'.`,
  );
}
