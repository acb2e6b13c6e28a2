/** An answer as blocks in the order they were written: text, reasoning, calls of tools. */
import type {
  FinishReason,
  GenerationEvent,
  GenerationUsage,
  TokenLogprob,
} from "../../inference/chat/request.ts";

export interface Block {
  kind: "text" | "reasoning" | "call";
  /** The text, or a call's arguments as JSON. */
  text: string;
  /** Of a call. */
  id: string;
  name: string;
  logprobs: TokenLogprob[];
}

/** How the blocks grow: each is opened, gets pieces, is closed before the next is opened. */
export type BlockEvent =
  | { type: "open"; index: number; block: Block }
  | { type: "piece"; index: number; block: Block; text: string; logprobs: TokenLogprob[] }
  | { type: "close"; index: number; block: Block };

type Delta = Extract<GenerationEvent, { type: "delta" }>;

export interface BlockOptions {
  /** False = the client did not ask for the reasoning, and would not know what to do with it. */
  reasoning: boolean;
}

/** Reads the events of one answer. */
export class AnswerBlocks {
  readonly blocks: Block[] = [];
  finishReason?: FinishReason;
  /** The stop string that was met. */
  stop?: string;
  usage?: GenerationUsage;
  #open?: Block;
  /** Blanks that become text only if other text follows them: models write them around calls. */
  #blanks = "";
  #blankLogprobs: TokenLogprob[] = [];

  constructor(readonly options: BlockOptions = { reasoning: true }) {}

  *read(event: GenerationEvent): Generator<BlockEvent> {
    if (event.type === "delta") yield* this.#delta(event);
    else if (event.type === "usage") this.usage = event.usage;
    else if (event.type === "end") {
      if (this.blocks.length === 0) yield* this.#begin("text");
      yield* this.#close();
      this.finishReason = event.finishReason;
      this.stop = event.stop;
    }
  }

  *#delta({ text, reasoning, toolCall, logprobs = [] }: Delta): Generator<BlockEvent> {
    if (reasoning && this.options.reasoning) {
      if (this.#open?.kind !== "reasoning") yield* this.#begin("reasoning");
      yield this.#piece(reasoning, []);
    }
    if (text !== undefined) yield* this.#text(text, logprobs);
    if (!toolCall) return;
    if (toolCall.id !== undefined || toolCall.name !== undefined) {
      yield* this.#begin("call", toolCall.id, toolCall.name);
    }
    if (toolCall.arguments && this.#open?.kind === "call") yield this.#piece(toolCall.arguments, []);
  }

  *#text(text: string, logprobs: TokenLogprob[]): Generator<BlockEvent> {
    if (this.#open?.kind !== "text") {
      this.#blanks += text;
      this.#blankLogprobs.push(...logprobs);
      if (this.#blanks.trim() === "") return;
      const [held, heldLogprobs] = [this.#blanks, this.#blankLogprobs];
      yield* this.#begin("text");
      yield this.#piece(held, heldLogprobs);
    } else if (text !== "" || logprobs.length > 0) yield this.#piece(text, logprobs);
  }

  *#begin(kind: Block["kind"], id = "", name = ""): Generator<BlockEvent> {
    yield* this.#close();
    this.#blanks = "";
    this.#blankLogprobs = [];
    this.#open = { kind, text: "", id, name, logprobs: [] };
    const index = this.blocks.push(this.#open) - 1;
    yield { type: "open", index, block: this.#open };
  }

  #piece(text: string, logprobs: TokenLogprob[]): BlockEvent {
    const block = this.#open!;
    block.text += text;
    block.logprobs.push(...logprobs);
    return { type: "piece", index: this.blocks.length - 1, block, text, logprobs };
  }

  *#close(): Generator<BlockEvent> {
    const block = this.#open;
    this.#open = undefined;
    if (block) yield { type: "close", index: this.blocks.length - 1, block };
  }
}
