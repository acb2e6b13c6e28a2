/**
 * The one internal form of a chat request. Every dialect (OpenAI, Responses, Anthropic, Ollama) parses into
 * it and writes its own stream from `GenerationEvent`s; nothing below the dialects knows a wire format.
 */
import type { ConstraintSpec, SamplingOptions } from "../sampling/options.ts";

export type ContentPart =
  | { type: "text"; text: string }
  | { type: "image"; /** data: URI or base64 */ data: string; mediaType?: string };

export interface ToolCall {
  id: string;
  name: string;
  /** JSON text, exactly as the model or the client wrote it. */
  arguments: string;
}

export interface ChatMessage {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content: string | ContentPart[];
  /** Of an assistant turn. */
  toolCalls?: ToolCall[];
  reasoning?: string;
  /** Of a tool turn. */
  toolCallId?: string;
  name?: string;
}

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: Record<string, unknown>;
  strict?: boolean;
}

export type ToolChoice = "auto" | "none" | "required" | { name: string };

export interface ChatRequest {
  messages: ChatMessage[];
  tools?: Tool[];
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  /** Constraint of the visible answer (response_format). */
  constraint?: ConstraintSpec;
  /** false = the template is asked not to think (`enable_thinking`), and a budget of 0. */
  thinking?: boolean;
  /** "none" leaves `<think>` in the text; default separates it. */
  reasoningFormat?: "none" | "separate";
  /** Further variables for the template (`chat_template_kwargs`). */
  templateVariables?: Record<string, unknown>;
  /** Continue the last assistant message instead of starting a new one. */
  continueLast?: boolean;
}

/** Everything that a generation needs beside the prompt. */
export interface GenerationOptions {
  sampling: SamplingOptions;
  /** Undefined or negative = until the model stops or the context is full. */
  maxTokens?: number;
  /** The text ends before the first of these, which may span tokens. */
  stop?: string[];
  /** Independent answers to one prompt. */
  n?: number;
  /** Alternatives to report per token; undefined = no logprobs. */
  logprobs?: number;
  /** Keep the prompt's keys and values for later requests. Default true. */
  cachePrompt?: boolean;
  /** Don't stop at end-of-generation tokens. */
  ignoreEos?: boolean;
}

export type Prompt =
  | { kind: "chat"; chat: ChatRequest }
  | {
    kind: "text";
    text: string;
    constraint?: ConstraintSpec; /** Give the prompt back first. */
    echo?: boolean;
  }
  | { kind: "tokens"; tokens: number[]; constraint?: ConstraintSpec; echo?: boolean };

export interface GenerationRequest extends GenerationOptions {
  prompt: Prompt;
}

export interface TokenLogprob {
  token: number;
  text: string;
  bytes: number[];
  logprob: number;
  top: { token: number; text: string; bytes: number[]; logprob: number }[];
}

export type FinishReason = "stop" | "length" | "tool_calls";

export interface GenerationUsage {
  promptTokens: number;
  /** Prompt tokens that came from the prefix cache. */
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  /** Milliseconds. */
  queueMs: number;
  promptMs: number;
  generationMs: number;
}

/** What a generation gives, in order: one `start`, deltas of each answer, an `end` per answer, one `usage`. */
export type GenerationEvent =
  | { type: "start"; promptTokens: number; cachedTokens: number }
  | {
    type: "delta";
    /** Which of the n answers. */
    index: number;
    text?: string;
    reasoning?: string;
    /** A tool call begins where `id` and `name` are given; `arguments` is a piece of its JSON text. */
    toolCall?: { index: number; id?: string; name?: string; arguments?: string };
    logprobs?: TokenLogprob[];
  }
  | {
    type: "end";
    index: number;
    finishReason: FinishReason; /** The stop string that was met. */
    stop?: string;
  }
  | { type: "usage"; usage: GenerationUsage };
