/** Generation events -> a message, and the events of a streamed one, in Anthropic's order. */
import type { GenerationEvent, GenerationUsage } from "../../../inference/chat/request.ts";
import { AnswerBlocks, type Block, type BlockEvent } from "../answer_blocks.ts";
import type { AnswerWriter, WireEvent } from "../answer_writer.ts";
import { answerId } from "../generation.ts";
import { sealedReasoning } from "../sealed_reasoning.ts";
import { anthropic } from "./errors.ts";

export interface MessageOptions {
  id: string;
  /** As the client named it. */
  model: string;
  /** What the client wants of the model's thinking: none, its text, or only a sealed form. */
  thinking: "none" | "shown" | "omitted";
}

type Counts = Pick<GenerationUsage, "promptTokens" | "cachedTokens" | "completionTokens" | "reasoningTokens">;

export class MessageWriter implements AnswerWriter {
  readonly #blocks: AnswerBlocks;
  readonly #ids: string[] = [];
  #begun = false;
  #counts: Counts = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };

  constructor(readonly options: MessageOptions) {
    this.#blocks = new AnswerBlocks({ reasoning: options.thinking !== "none" });
  }

  body() {
    const content = this.#blocks.blocks.map((block, i) => this.#whole(block, i));
    return this.#message(content, this.#stopReason(), this.#usage());
  }

  /** The message begins when its prompt is counted, or when the client has to be told that it waits. */
  *begin(): Generator<WireEvent> {}

  *waiting(): Generator<WireEvent> {
    yield* this.#start();
    yield { type: "ping" };
  }

  *write(event: GenerationEvent): Generator<WireEvent> {
    if (event.type === "start") {
      const { promptTokens, cachedTokens } = event;
      this.#counts = { ...this.#counts, promptTokens, cachedTokens };
    }
    yield* this.#start();
    for (const change of this.#blocks.read(event)) yield* this.#change(change);
    if (event.type !== "usage") return;
    this.#counts = event.usage;
    yield {
      type: "message_delta",
      delta: { stop_reason: this.#stopReason(), stop_sequence: this.#blocks.stop ?? null },
      usage: this.#usage(),
    };
    yield { type: "message_stop" };
  }

  *fail(error: unknown): Generator<WireEvent> {
    yield anthropic.errorBody(error) as WireEvent;
  }

  *#start(): Generator<WireEvent> {
    if (this.#begun) return;
    this.#begun = true;
    yield { type: "message_start", message: this.#message([], null, this.#usage()) };
  }

  *#change(change: BlockEvent): Generator<WireEvent> {
    const { index, block } = change;
    if (change.type === "open") {
      this.#ids[index] = callId(block);
      yield { type: "content_block_start", index, content_block: this.#empty(block, index) };
    } else if (change.type === "piece") {
      const delta = this.#delta(block, change.text);
      if (delta) yield { type: "content_block_delta", index, delta };
    } else {
      if (block.kind === "reasoning") {
        const delta = { type: "signature_delta", signature: sealedReasoning(block.text) };
        yield { type: "content_block_delta", index, delta };
      }
      yield { type: "content_block_stop", index };
    }
  }

  #delta(block: Block, text: string): Record<string, unknown> | undefined {
    if (block.kind === "text") return { type: "text_delta", text };
    if (block.kind === "call") return { type: "input_json_delta", partial_json: text };
    return this.options.thinking === "shown" ? { type: "thinking_delta", thinking: text } : undefined;
  }

  #empty(block: Block, index: number): Record<string, unknown> {
    if (block.kind === "text") return { type: "text", text: "", citations: null };
    if (block.kind === "reasoning") return { type: "thinking", thinking: "", signature: "" };
    return { type: "tool_use", id: this.#ids[index], name: block.name, input: {} };
  }

  #whole(block: Block, index: number): Record<string, unknown> {
    const empty = this.#empty(block, index);
    if (block.kind === "text") return { ...empty, text: block.text };
    if (block.kind === "call") return { ...empty, input: parsedInput(block.text) };
    const thinking = this.options.thinking === "shown" ? block.text : "";
    return { ...empty, thinking, signature: sealedReasoning(block.text) };
  }

  #message(content: unknown[], stop_reason: string | null, usage: unknown) {
    const { id, model } = this.options;
    const stop_sequence = this.#blocks.stop ?? null;
    return { id, type: "message", role: "assistant", model, content, stop_reason, stop_sequence, usage };
  }

  #stopReason(): string | null {
    const { finishReason, stop } = this.#blocks;
    if (finishReason === undefined) return null;
    if (finishReason === "length") return "max_tokens";
    if (finishReason === "tool_calls") return "tool_use";
    return stop === undefined ? "end_turn" : "stop_sequence";
  }

  /** Tokens that came from the cache are not counted among the input tokens. */
  #usage() {
    const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = this.#counts;
    return {
      input_tokens: promptTokens - cachedTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: cachedTokens,
      output_tokens: completionTokens,
      output_tokens_details: { thinking_tokens: reasoningTokens },
    };
  }
}

/** Ids of Anthropic's have letters, digits, "_" and "-" only; a model's own id is kept where it does. */
function callId({ kind, id }: Block): string {
  if (kind !== "call") return "";
  return /^[\w-]+$/.test(id) ? id : answerId("toolu", "_");
}

/** Arguments that the token limit has cut off are no JSON; a message needs an object all the same. */
function parsedInput(json: string): unknown {
  try {
    return JSON.parse(json || "{}");
  } catch {
    return {};
  }
}
