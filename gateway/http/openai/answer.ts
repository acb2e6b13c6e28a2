/** What chat and text completions have in common when they answer: usage, timings, logprobs, ids. */
import type { GenerationUsage, TokenLogprob } from "../../../inference/chat/request.ts";

/** OpenAI's usage object. */
export function usageBody(usage: GenerationUsage) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

/** llama-server's timings object; milliseconds. */
export function timingsBody(usage: GenerationUsage) {
  const promptTokens = usage.promptTokens - usage.cachedTokens;
  const rate = (tokens: number, ms: number) => ms > 0 ? tokens / ms * 1000 : 0;
  const perToken = (tokens: number, ms: number) => tokens > 0 ? ms / tokens : 0;
  return {
    cache_n: usage.cachedTokens,
    prompt_n: promptTokens,
    prompt_ms: usage.promptMs,
    prompt_per_token_ms: perToken(promptTokens, usage.promptMs),
    prompt_per_second: rate(promptTokens, usage.promptMs),
    predicted_n: usage.completionTokens,
    predicted_ms: usage.generationMs,
    predicted_per_token_ms: perToken(usage.completionTokens, usage.generationMs),
    predicted_per_second: rate(usage.completionTokens, usage.generationMs),
  };
}

/** Sums of several generations that are one answer (a completion of several prompts). */
export function addUsage(a: GenerationUsage | undefined, b: GenerationUsage): GenerationUsage {
  if (!a) return b;
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    queueMs: Math.max(a.queueMs, b.queueMs),
    promptMs: a.promptMs + b.promptMs,
    generationMs: a.generationMs + b.generationMs,
  };
}

/** A token's logprobs in the form of chat completions. */
export function chatLogprob({ text, bytes, logprob, top }: TokenLogprob) {
  return {
    token: text,
    logprob,
    bytes,
    top_logprobs: top.map(({ text, bytes, logprob }) => ({ token: text, logprob, bytes })),
  };
}

/** Tokens' logprobs in the form of text completions; `offset` is where the first one starts in the text. */
export function textLogprobs(tokens: TokenLogprob[], offset: number) {
  const offsets: number[] = [];
  for (const { text } of tokens) {
    offsets.push(offset);
    offset += text.length;
  }
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]))
    ),
    text_offset: offsets,
  };
}
