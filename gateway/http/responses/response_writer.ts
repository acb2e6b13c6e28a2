/**
 * Generation events -> the events of a streamed response, in OpenAI's order, each with its number. The last
 * one carries the whole response, so that what does not stream is the same thing read at its end.
 */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { GenerationEvent } from "../../../inference/chat/request.ts";
import { AnswerBlocks, type BlockEvent } from "../answer_blocks.ts";
import type { AnswerWriter, WireEvent } from "../answer_writer.ts";
import { openAIErrorBody } from "../errors.ts";
import { chatLogprob } from "../openai/answer.ts";
import { itemId, itemKind, type ItemOptions, outputItem, textPart } from "./output_item.ts";
import { responseBody, type ResponseHead, type ResponseState } from "./response_body.ts";
import { customInput } from "./tools.ts";

export class ResponseWriter implements AnswerWriter {
  readonly state: ResponseState;
  readonly #blocks = new AnswerBlocks();
  #sequence = 0;

  /** `now` gives Unix seconds. */
  constructor(
    readonly head: ResponseHead,
    readonly options: ItemOptions,
    readonly now: () => number = () => Math.floor(Date.now() / 1000),
  ) {
    this.state = { status: head.fields.background ? "queued" : "in_progress", output: [] };
  }

  body() {
    return responseBody(this.head, this.state);
  }

  *begin(): Generator<WireEvent> {
    this.state.status = "in_progress";
    yield this.#whole("response.created");
    yield this.#whole("response.in_progress");
  }

  *waiting(): Generator<WireEvent> {
    yield this.#whole("response.in_progress");
  }

  *write(event: GenerationEvent): Generator<WireEvent> {
    this.state.status = "in_progress";
    for (const change of this.#blocks.read(event)) yield* this.#change(change, event);
    if (event.type === "usage") yield* this.#end(event);
  }

  *fail(thrown: unknown): Generator<WireEvent> {
    const error = toSkiffError(thrown);
    const { code } = openAIErrorBody(error).error;
    this.state.status = error.code === "interrupted" ? "cancelled" : "failed";
    if (this.state.status === "failed") {
      this.state.error = { code: code ?? "server_error", message: error.message };
    }
    this.state.completedAt = this.now();
    yield this.#whole(`response.${this.state.status}`);
  }

  *#end({ usage }: Extract<GenerationEvent, { type: "usage" }>): Generator<WireEvent> {
    const cut = this.#blocks.finishReason === "length";
    this.state.status = cut ? "incomplete" : "completed";
    if (cut) this.state.reason = "max_output_tokens";
    this.state.usage = usage;
    this.state.completedAt = this.now();
    yield this.#whole(`response.${this.state.status}`);
  }

  *#change(change: BlockEvent, event: GenerationEvent): Generator<WireEvent> {
    const { index: output_index, block } = change;
    const kind = itemKind(block, this.options.tools);
    if (change.type === "open") {
      const item = outputItem(itemId(kind), block, "in_progress", this.options);
      this.state.output[output_index] = item;
      yield this.#event("response.output_item.added", { output_index, item });
      yield* this.#partEvent("added", output_index, change);
      return;
    }
    const place = { item_id: this.state.output[output_index].id, output_index };
    if (change.type === "piece") {
      yield* this.#deltaEvent(place, kind, change);
      return;
    }
    yield* this.#doneEvents(place, kind, change);
    const cut = event.type === "end" && event.finishReason === "length";
    const item = outputItem(place.item_id, block, cut ? "incomplete" : "completed", this.options);
    this.state.output[output_index] = item;
    yield this.#event("response.output_item.done", { output_index, item });
  }

  /** Messages and reasoning have parts; each of ours has one. */
  *#partEvent(what: "added" | "done", output_index: number, { block }: BlockEvent): Generator<WireEvent> {
    const item_id = this.state.output[output_index].id;
    const written = what === "added" ? { text: "", logprobs: [] } : block;
    if (block.kind === "text") {
      const part = textPart(written, this.options);
      yield this.#event(`response.content_part.${what}`, { item_id, output_index, content_index: 0, part });
    } else if (block.kind === "reasoning" && this.options.summary) {
      const part = { type: "summary_text", text: written.text };
      const place = { item_id, output_index, summary_index: 0, part };
      yield this.#event(`response.reasoning_summary_part.${what}`, place);
    } else if (block.kind === "reasoning") {
      const part = { type: "reasoning_text", text: written.text };
      yield this.#event(`response.content_part.${what}`, { item_id, output_index, content_index: 0, part });
    }
  }

  *#deltaEvent(
    place: { item_id: string; output_index: number },
    kind: ReturnType<typeof itemKind>,
    { text, logprobs }: Extract<BlockEvent, { type: "piece" }>,
  ): Generator<WireEvent> {
    if (kind === "message") {
      const tokens = this.options.logprobs ? logprobs.map(chatLogprob) : [];
      const delta = { ...place, content_index: 0, delta: text, logprobs: tokens };
      yield this.#event("response.output_text.delta", delta);
    } else if (kind === "reasoning") {
      const [name, at] = this.#reasoningPlace();
      yield this.#event(`response.${name}.delta`, { ...place, ...at, delta: text });
    } else if (kind === "function_call") {
      yield this.#event("response.function_call_arguments.delta", { ...place, delta: text });
    } // the input of a custom tool comes in one piece: it is a string inside of the JSON that is being written
  }

  *#doneEvents(
    place: { item_id: string; output_index: number },
    kind: ReturnType<typeof itemKind>,
    change: BlockEvent,
  ): Generator<WireEvent> {
    const { block } = change;
    if (kind === "message") {
      const { text, logprobs } = textPart(block, this.options);
      yield this.#event("response.output_text.done", { ...place, content_index: 0, text, logprobs });
    } else if (kind === "reasoning") {
      const [name, at] = this.#reasoningPlace();
      yield this.#event(`response.${name}.done`, { ...place, ...at, text: block.text });
    } else if (kind === "function_call") {
      const { name, arguments: json } = outputItem(place.item_id, block, "completed", this.options);
      yield this.#event("response.function_call_arguments.done", { ...place, name, arguments: json });
    } else {
      const input = customInput(block.text);
      yield this.#event("response.custom_tool_call_input.delta", { ...place, delta: input });
      yield this.#event("response.custom_tool_call_input.done", { ...place, input });
    }
    yield* this.#partEvent("done", place.output_index, change);
  }

  #reasoningPlace(): [string, Record<string, number>] {
    return this.options.summary
      ? ["reasoning_summary_text", { summary_index: 0 }]
      : ["reasoning_text", { content_index: 0 }];
  }

  #whole(type: string): WireEvent {
    return this.#event(type, { response: this.body() });
  }

  #event(type: string, more: Record<string, unknown>): WireEvent {
    return { type, sequence_number: this.#sequence++, ...more };
  }
}
