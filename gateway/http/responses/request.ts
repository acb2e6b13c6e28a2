/** The body of POST …/v1/responses: its schema, and what of it this server cannot do. */
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { samplingFields } from "../openai/sampling_fields.ts";

const typed = z.looseObject({ type: z.string() });
const effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish();
const summary = z.enum(["auto", "concise", "detailed", "none"]).nullish();
const listed = z.array(z.looseObject({ type: z.string().nullish() }));

const textFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: z.string().min(1).max(64),
    description: z.string().nullish(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
]);

export const responseSchema = z.object({
  ...samplingFields,
  model: z.string(),
  input: z.union([z.string(), listed]).nullish(),
  instructions: z.union([z.string(), listed]).nullish(),
  previous_response_id: z.string().nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  max_tool_calls: z.int().min(1).nullish(),
  tools: z.array(typed).nullish(),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), typed]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.object({
    format: textFormat.nullish(),
    verbosity: z.enum(["low", "medium", "high"]).nullish(),
  }).nullish(),
  reasoning: z.object({ effort, summary, generate_summary: summary }).nullish(),
  include: z.array(z.string()).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  conversation: z.unknown().optional(),
  prompt: z.unknown().optional(),
});
export type ResponseFields = z.infer<typeof responseSchema>;

/** What OpenAI keeps on its own servers. Throws "unsupported" with `param`. */
export function refuseHosted(fields: ResponseFields): void {
  const hosted: Record<string, string> = {
    conversation: "Chain responses with 'previous_response_id', or send the whole input.",
    prompt: "Send the prompt's text as 'instructions' and 'input'.",
  };
  for (const [param, hint] of Object.entries(hosted)) {
    if (fields[param as "prompt"] == null) continue;
    throw new SkiffError("unsupported", `The parameter '${param}' is not supported by this server.`, {
      hint,
      details: { param, code: "unsupported_parameter" },
    });
  }
  if (!fields.background) return;
  if (fields.store === false) throw invalid("background", "'background' is only allowed with 'store'.");
  if (fields.stream) throw invalid("background", "Use either 'background' or 'stream'.");
}

/** OpenAI's refusal of a parameter. */
export function invalid(param: string, message: string, code = "invalid_value"): SkiffError {
  return new SkiffError("invalid_input", message, { details: { param, code } });
}

/** The client wants to read what the model thinks. */
export function hasSummary({ reasoning }: ResponseFields): boolean {
  const wanted = reasoning?.summary ?? reasoning?.generate_summary ?? "none";
  return wanted !== "none";
}
