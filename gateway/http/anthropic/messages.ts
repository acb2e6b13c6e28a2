/** Messages of blocks -> messages of the internal form. */
import * as z from "zod";
import type { ChatMessage, ContentPart, ToolCall } from "../../../inference/chat/request.ts";
import { imageData } from "../images.ts";
import { openedReasoning } from "../sealed_reasoning.ts";
import { refusal, validate } from "./errors.ts";

type Block = { type: string } & Record<string, unknown>;
type Content = string | Block[];

interface GivenMessage {
  role: "user" | "assistant" | "system";
  content: Content;
}

const text = z.object({ text: z.string() });
const image = z.object({
  source: z.discriminatedUnion("type", [
    z.object({ type: z.literal("base64"), media_type: z.string(), data: z.string() }),
    z.object({ type: z.literal("url"), url: z.string() }),
    z.object({ type: z.literal("file"), file_id: z.string() }),
  ]),
});
const document = z.object({
  source: z.looseObject({ type: z.string() }),
  title: z.string().nullish(),
  context: z.string().nullish(),
});
const searchResult = z.object({ source: z.string(), title: z.string(), content: z.array(text) });
const toolUse = z.object({ id: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) });
const toolResult = z.object({
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
  is_error: z.boolean().nullish(),
});
const thinking = z.object({ thinking: z.string(), signature: z.string().nullish() });
const toolReference = z.object({ tool_name: z.string() });

/** Blocks about tools that Anthropic runs: nothing that a local model could make use of. */
const hosted =
  /^(server_tool_use|redacted_thinking|container_upload|mcp_tool_use|mcp_tool_result|compaction|.+_tool_result)$/;

export interface ReadMessages {
  messages: ChatMessage[];
  /** Names of tools that results refer to: from then on the model may call them. */
  references: string[];
}

/** Throws "invalid_input" with the place of what is malformed. */
export function messagesOf(given: GivenMessage[]): ReadMessages {
  const reader = new MessageReader();
  given.forEach((message, i) => reader.read(message, ["messages", i, "content"]));
  return reader;
}

/**
 * The system prompt. What an agent tells Anthropic's billing there changes with its version and says nothing
 * to a model.
 */
export function systemMessages(system: Content | null | undefined): ChatMessage[] {
  if (!system) return [];
  const texts = typeof system === "string"
    ? [system]
    : system.map((block, i) => validate(text, block, ["system", i]).text);
  const told = texts.filter((part) => part !== "" && !part.startsWith("x-anthropic-billing-header:"));
  return told.length === 0 ? [] : [{ role: "system", content: told.join("\n\n") }];
}

class MessageReader implements ReadMessages {
  readonly messages: ChatMessage[] = [];
  readonly references: string[] = [];
  readonly #names = new Map<string, string>();

  read({ role, content }: GivenMessage, path: PropertyKey[]): void {
    const blocks: Block[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
    if (role === "assistant") this.#assistant(blocks, path);
    else this.#others(role, blocks, path);
  }

  #assistant(blocks: Block[], path: PropertyKey[]): void {
    const parts: ContentPart[] = [];
    const toolCalls: ToolCall[] = [];
    let reasoning = "";
    blocks.forEach((block, i) => {
      const place = [...path, i];
      if (block.type === "tool_use") {
        const { id, name, input } = validate(toolUse, block, place);
        this.#names.set(id, name);
        toolCalls.push({ id, name, arguments: JSON.stringify(input) });
      } else if (block.type === "thinking") {
        const { thinking: shown, signature } = validate(thinking, block, place);
        reasoning += shown || (openedReasoning(signature) ?? "");
      } else parts.push(...this.#parts(block, place));
    });
    this.messages.push({
      role: "assistant",
      content: plain(parts),
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
      ...(reasoning === "" ? {} : { reasoning }),
    });
  }

  /** Results of tools are messages of their own; what stands between and after them is the user's. */
  #others(role: "user" | "system", blocks: Block[], path: PropertyKey[]): void {
    let parts: ContentPart[] = [];
    const end = () => {
      if (parts.length > 0) this.messages.push({ role, content: plain(parts) });
      parts = [];
    };
    blocks.forEach((block, i) => {
      if (block.type !== "tool_result") return parts.push(...this.#parts(block, [...path, i]));
      end();
      this.#result(validate(toolResult, block, [...path, i]), [...path, i]);
    });
    end();
  }

  #result({ tool_use_id, content, is_error }: z.infer<typeof toolResult>, path: PropertyKey[]): void {
    const parts: ContentPart[] = typeof content === "string"
      ? [{ type: "text", text: content }]
      : (content ?? []).flatMap((block, i) => this.#parts(block, [...path, "content", i]));
    const name = this.#names.get(tool_use_id);
    this.messages.push({
      role: "tool",
      content: plain(is_error ? [{ type: "text", text: "Error:" }, ...parts] : parts),
      toolCallId: tool_use_id,
      ...(name === undefined ? {} : { name }),
    });
  }

  #parts(block: Block, path: PropertyKey[]): ContentPart[] {
    switch (block.type) {
      case "text":
        return [{ type: "text", text: validate(text, block, path).text }];
      case "image":
        return [imagePart(validate(image, block, path), path)];
      case "document":
        return this.#document(validate(document, block, path), path);
      case "search_result": {
        const { source, title, content } = validate(searchResult, block, path);
        return [{ type: "text", text: [title, source, ...content.map((part) => part.text)].join("\n") }];
      }
      case "tool_reference": {
        const { tool_name } = validate(toolReference, block, path);
        this.references.push(tool_name);
        return [{ type: "text", text: `The tool ${tool_name} can be called now.` }];
      }
    }
    if (hosted.test(block.type)) return [];
    throw refusal(
      [...path, "type"],
      `Input tag '${block.type}' is not one of the blocks that can stand here`,
    );
  }

  #document({ source, title, context }: z.infer<typeof document>, path: PropertyKey[]): ContentPart[] {
    const head = [title, context].filter((line) => !!line).map((line): ContentPart => {
      return { type: "text", text: line! };
    });
    if (source.type === "text") return [...head, { type: "text", text: String(source.data ?? "") }];
    if (source.type === "content") {
      const inner: Block[] = typeof source.content === "string"
        ? [{ type: "text", text: source.content }]
        : source.content as Block[];
      const place = [...path, "source", "content"];
      return [...head, ...inner.flatMap((block, i) => this.#parts(block, [...place, i]))];
    }
    throw refusal(
      [...path, "source"],
      `Documents of source '${source.type}' cannot be read here.`,
      "Send text.",
    );
  }
}

function imagePart({ source }: z.infer<typeof image>, path: PropertyKey[]): ContentPart {
  const param = [...path, "source"].map(String).join(".");
  if (source.type === "base64") {
    const data = imageData(`data:${source.media_type};base64,${source.data}`, param);
    return { type: "image", data, mediaType: source.media_type };
  }
  return { type: "image", data: imageData(source.type === "url" ? source.url : "", param) };
}

/** Text alone is a string: most templates want it so. */
function plain(parts: ContentPart[]): string | ContentPart[] {
  const texts = parts.flatMap((part) => part.type === "text" ? [part.text] : []);
  return texts.length === parts.length ? texts.join("\n") : parts;
}
