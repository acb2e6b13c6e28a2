/**
 * The contract of a model's chat format: what renders a request to a prompt, and what reads the model's
 * text back. `openChatFormat` (mod.ts) chooses it from the model's template.
 */
import type { ConstraintSpec } from "../sampling/options.ts";
import type { ChatRequest } from "./request.ts";

/**
 * A stretch of the prompt. Control tokens are recognised only where the template wrote the text: what a
 * user wrote can never become a control token.
 */
export interface PromptPiece {
  text: string;
  trusted: boolean;
}

export interface RenderedChat {
  pieces: PromptPiece[];
  /** Constraint of the answer: from its start, or from the first trigger text on (which is not part of it). */
  constraint?: { spec: ConstraintSpec; triggers?: string[] };
  /** Texts that end the answer in this format, beside the end-of-generation tokens. */
  stop: string[];
  /** The template opened the reasoning: the model's text begins inside it. */
  startsInReasoning: boolean;
  /** Control tokens that the parser needs to see as text, e.g. "<tool_call>". */
  visibleTokens: string[];
}

/** What the model's text means, as it arrives. */
export type ParsedDelta =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "toolCall"; index: number; id?: string; name?: string; arguments?: string };

/** Reads one answer; markers may be cut anywhere between pushes. */
export interface AnswerParser {
  push(text: string): ParsedDelta[];
  end(): ParsedDelta[];
  /** Tool calls begun so far; decides the finish reason. */
  readonly toolCalls: number;
}

export interface ChatFormat {
  /** "hermes", "llama3", "mistral"…: how tool calls are written. */
  readonly family: string;
  readonly supportsTools: boolean;
  readonly supportsThinking: boolean;
  /** Throws `SkiffError` "invalid_input" with the template's own message when the template refuses the conversation. */
  render(chat: ChatRequest): RenderedChat;
  parser(chat: ChatRequest, rendered: RenderedChat): AnswerParser;
}
