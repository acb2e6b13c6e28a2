/** The response object: what was asked for, and how far the answer is. */
import type { GenerationUsage } from "../../../inference/chat/request.ts";
import type { OutputItem } from "./output_item.ts";
import type { ResponseFields } from "./request.ts";

export type ResponseStatus = "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";

/** Where an answer is. */
export interface ResponseState {
  status: ResponseStatus;
  output: OutputItem[];
  usage?: GenerationUsage;
  error?: { code: string; message: string };
  /** Why it is incomplete. */
  reason?: "max_output_tokens";
  /** Unix seconds. */
  completedAt?: number;
}

export interface ResponseHead {
  id: string;
  /** Unix seconds. */
  createdAt: number;
  fields: ResponseFields;
}

/** Fields are the request's own, or the values that stand for their absence. */
export function responseBody({ id, createdAt, fields }: ResponseHead, state: ResponseState) {
  const { reasoning, text, tools, tool_choice } = fields;
  return {
    id,
    object: "response",
    created_at: createdAt,
    status: state.status,
    background: fields.background ?? false,
    completed_at: state.completedAt ?? null,
    error: state.error ?? null,
    incomplete_details: state.reason === undefined ? null : { reason: state.reason },
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    max_tool_calls: fields.max_tool_calls ?? null,
    model: fields.model,
    output: state.output,
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: fields.previous_response_id ?? null,
    prompt_cache_key: fields.prompt_cache_key ?? null,
    reasoning: {
      effort: reasoning?.effort ?? null,
      summary: reasoning?.summary ?? reasoning?.generate_summary ?? null,
    },
    safety_identifier: fields.safety_identifier ?? null,
    service_tier: "default",
    store: fields.store ?? true,
    temperature: fields.temperature ?? null,
    text: { format: text?.format ?? { type: "text" }, verbosity: text?.verbosity ?? "medium" },
    tool_choice: tool_choice ?? "auto",
    tools: tools ?? [],
    top_logprobs: fields.top_logprobs ?? 0,
    top_p: fields.top_p ?? null,
    truncation: fields.truncation ?? "disabled",
    usage: state.usage ? usageBody(state.usage) : null,
    user: fields.user ?? null,
    metadata: fields.metadata ?? {},
  };
}

function usageBody(usage: GenerationUsage) {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}
