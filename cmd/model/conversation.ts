/** A chat with a model: its messages so far, and one turn of it on the screen. */
import type { Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ApiClient, ChatChunk } from "../../gateway/client/api_client.ts";
import { AnswerPrinter } from "./answer_printer.ts";
import type { PromptPart } from "./prompt_files.ts";

export interface ConversationOptions {
  client: ApiClient;
  context: Context;
  model: string;
  color: boolean;
}

interface Message {
  role: "system" | "user" | "assistant";
  content: string | PromptPart[];
}

export class Conversation {
  system = "";
  private turns: Message[] = [];

  constructor(private readonly options: ConversationOptions) {}

  clear(): void {
    this.turns = [];
  }

  /**
   * Asks and prints the answer as it comes. An interrupted answer is kept as far as it got; a turn that failed
   * leaves no trace in the conversation.
   */
  async ask(content: Message["content"], signal: AbortSignal): Promise<void> {
    const { context, color } = this.options;
    const question: Message = { role: "user", content };
    const printer = new AnswerPrinter(color);
    const turn: Turn = { answer: "", start: performance.now() };
    try {
      for await (const chunk of this.stream(question, signal)) {
        signal.throwIfAborted();
        const shown = printer.push(readChunk(chunk, turn));
        if (shown) await context.out(shown);
      }
    } catch (error) {
      await context.out(printer.end());
      if (signal.aborted && turn.answer) this.remember(question, turn.answer);
      if (signal.aborted) throw new SkiffError("interrupted", "Interrupted", { cause: error });
      throw error;
    }
    await context.out(printer.end());
    this.remember(question, turn.answer);
    if (context.debug) await context.err(figures(turn));
  }

  private stream(question: Message, signal: AbortSignal): AsyncIterable<ChatChunk> {
    const { client, model } = this.options;
    const system: Message[] = this.system ? [{ role: "system", content: this.system }] : [];
    const messages = [...system, ...this.turns, question];
    return client.chat({ model, messages, stream: true, stream_options: { include_usage: true } }, {
      signal,
    });
  }

  private remember(question: Message, answer: string): void {
    this.turns.push(question, { role: "assistant", content: answer });
  }
}

interface Turn {
  answer: string;
  /** Milliseconds of the clock: the request, the first and the last piece. */
  start: number;
  first?: number;
  last?: number;
  usage?: ChatChunk["usage"];
}

function readChunk({ choices, usage }: ChatChunk, turn: Turn): { text?: string; reasoning?: string } {
  if (usage) turn.usage = usage;
  const delta = choices[0]?.delta;
  if (!delta?.content && !delta?.reasoning_content) return {};
  turn.last = performance.now();
  turn.first ??= turn.last;
  turn.answer += delta.content ?? "";
  return { text: delta.content ?? undefined, reasoning: delta.reasoning_content ?? undefined };
}

/** Lines for `--debug`: what was used, and how fast. */
function figures({ usage, start, first = start, last = first }: Turn): string {
  if (!usage) return "";
  const { prompt_tokens, completion_tokens, total_tokens } = usage;
  const seconds = (last - first) / 1000;
  const speed = seconds > 0 ? `${((completion_tokens - 1) / seconds).toFixed(1)} tokens/s` : "";
  return `Token usage: ${prompt_tokens} prompt + ${completion_tokens} completion = ${total_tokens} total\n` +
    `First token after ${(first - start).toFixed(0)} ms, then ${speed}\n`;
}
