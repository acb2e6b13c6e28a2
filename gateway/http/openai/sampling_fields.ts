/** The generation fields that chat and text completions share: OpenAI's, and llama.cpp's beyond them. */
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { GenerationOptions } from "../../../inference/chat/request.ts";
import type { ConstraintSpec, SamplingOptions } from "../../../inference/sampling/options.ts";

const jsonObject = z.record(z.string(), z.unknown());
const number = z.number().nullish();

export const samplingFields = {
  temperature: z.number().min(0).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  typical_p: z.number().min(0).nullish(),
  top_n_sigma: number,
  dynatemp_range: number,
  dynatemp_exponent: number,
  repeat_penalty: z.number().min(0).nullish(),
  repetition_penalty: z.number().min(0).nullish(),
  repeat_last_n: z.int().min(-1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.union([
    z.record(z.string(), z.number().min(-100).max(100)),
    z.array(z.tuple([z.union([z.int(), z.string()]), z.union([z.number(), z.literal(false)])])),
  ]).nullish(),
  seed: z.int().nullish(),
  mirostat: z.int().min(0).max(2).nullish(),
  mirostat_tau: number,
  mirostat_eta: number,
  dry_multiplier: number,
  dry_base: number,
  dry_allowed_length: z.int().nullish(),
  dry_penalty_last_n: z.int().min(-1).nullish(),
  dry_sequence_breakers: z.array(z.string()).nullish(),
  xtc_probability: z.number().min(0).max(1).nullish(),
  xtc_threshold: z.number().min(0).max(1).nullish(),
  min_keep: z.int().min(0).nullish(),
};

/** -1 is llama.cpp's "until the model stops". */
const tokenLimit = z.int().min(-1).nullish();

export const generationFields = {
  ...samplingFields,
  model: z.string(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
  n_predict: tokenLimit,
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  cache_prompt: z.boolean().nullish(),
  ignore_eos: z.boolean().nullish(),
  n_probs: z.int().min(0).max(100).nullish(),
  grammar: z.string().nullish(),
  json_schema: jsonObject.nullish(),
  response_format: z.discriminatedUnion("type", [
    z.object({ type: z.literal("text") }),
    z.object({ type: z.literal("json_object"), schema: jsonObject.nullish() }),
    z.object({
      type: z.literal("json_schema"),
      json_schema: z.object({
        name: z.string().min(1).max(64).nullish(),
        description: z.string().nullish(),
        schema: jsonObject.nullish(),
        strict: z.boolean().nullish(),
      }),
    }),
  ]).nullish(),
};

const generationSchema = z.object(generationFields);
export type GenerationFields = z.infer<typeof generationSchema>;

/** Turns the text of a token into its ids; logit_bias may name tokens by text. */
export type Tokenize = (text: string) => Promise<number[]>;

/** Forbids a token; finite, because -Infinity does not survive JSON on the way to the runner. */
const forbidden = -1e30;

/** The options of a generation. Throws "invalid_input" for contradicting fields. */
export async function generationOptions(
  fields: GenerationFields,
  tokenize: Tokenize,
): Promise<GenerationOptions> {
  const maxTokens = fields.max_completion_tokens ?? fields.max_tokens ?? fields.n_predict;
  const stop = typeof fields.stop === "string" ? [fields.stop] : fields.stop ?? [];
  return withoutUndefined({
    sampling: await samplingOptions(fields, tokenize),
    maxTokens: maxTokens === -1 ? undefined : maxTokens ?? undefined,
    stop: stop.filter((text) => text !== ""),
    n: fields.n ?? 1,
    cachePrompt: fields.cache_prompt ?? undefined,
    ignoreEos: fields.ignore_eos ?? undefined,
  });
}

async function samplingOptions(fields: GenerationFields, tokenize: Tokenize): Promise<SamplingOptions> {
  return withoutUndefined<SamplingOptions>({
    temperature: fields.temperature ?? undefined,
    dynatempRange: fields.dynatemp_range ?? undefined,
    dynatempExponent: fields.dynatemp_exponent ?? undefined,
    topK: fields.top_k == null ? undefined : Math.max(0, fields.top_k),
    topP: fields.top_p ?? undefined,
    minP: fields.min_p ?? undefined,
    typicalP: fields.typical_p ?? undefined,
    topNSigma: fields.top_n_sigma ?? undefined,
    repeatPenalty: fields.repeat_penalty ?? fields.repetition_penalty ?? undefined,
    repeatLastN: fields.repeat_last_n ?? undefined,
    presencePenalty: fields.presence_penalty ?? undefined,
    frequencyPenalty: fields.frequency_penalty ?? undefined,
    logitBias: await logitBias(fields.logit_bias, tokenize),
    seed: fields.seed == null || fields.seed < 0 ? undefined : fields.seed,
    mirostat: (fields.mirostat ?? undefined) as SamplingOptions["mirostat"],
    mirostatTau: fields.mirostat_tau ?? undefined,
    mirostatEta: fields.mirostat_eta ?? undefined,
    dryMultiplier: fields.dry_multiplier ?? undefined,
    dryBase: fields.dry_base ?? undefined,
    dryAllowedLength: fields.dry_allowed_length ?? undefined,
    dryPenaltyLastN: fields.dry_penalty_last_n ?? undefined,
    drySequenceBreakers: fields.dry_sequence_breakers ?? undefined,
    xtcProbability: fields.xtc_probability ?? undefined,
    xtcThreshold: fields.xtc_threshold ?? undefined,
    minKeep: fields.min_keep ?? undefined,
  });
}

async function logitBias(
  bias: GenerationFields["logit_bias"],
  tokenize: Tokenize,
): Promise<[number, number][] | undefined> {
  if (!bias) return undefined;
  const entries: [string | number, number | false][] = Array.isArray(bias) ? bias : Object.entries(bias);
  const out: [number, number][] = [];
  for (const [key, value] of entries) {
    const number = value === false ? forbidden : value;
    const tokens = typeof key === "number" || /^\d+$/.test(key) ? [Number(key)] : await tokenize(key);
    out.push(...tokens.map((token): [number, number] => [token, number]));
  }
  return out.length > 0 ? out : undefined;
}

/**
 * What must hold for the answer: response_format, json_schema or grammar. Throws "invalid_input" when
 * several are given or a schema is missing.
 */
export function constraintOf(fields: GenerationFields): ConstraintSpec | undefined {
  const specs = [
    formatConstraint(fields.response_format),
    schemaConstraint(fields),
    grammarConstraint(fields),
  ];
  const given = specs.filter((spec) => spec !== undefined);
  if (given.length > 1) {
    throw new SkiffError(
      "invalid_input",
      "Give only one of 'response_format', 'json_schema' and 'grammar'.",
      {
        details: { param: fields.grammar ? "grammar" : "json_schema", code: "invalid_value" },
      },
    );
  }
  return given[0];
}

function schemaConstraint({ json_schema }: GenerationFields): ConstraintSpec | undefined {
  return json_schema ? { kind: "json_schema", schema: json_schema } : undefined;
}

function grammarConstraint({ grammar }: GenerationFields): ConstraintSpec | undefined {
  return grammar ? { kind: "gbnf", grammar } : undefined;
}

function formatConstraint(format: GenerationFields["response_format"]): ConstraintSpec | undefined {
  if (!format || format.type === "text") return undefined;
  if (format.type === "json_object") {
    return format.schema ? { kind: "json_schema", schema: format.schema } : { kind: "json_object" };
  }
  const { schema, strict } = format.json_schema;
  if (!schema) {
    throw new SkiffError(
      "invalid_input",
      "Missing required parameter: 'response_format.json_schema.schema'.",
      { details: { param: "response_format.json_schema.schema", code: "missing_required_parameter" } },
    );
  }
  return { kind: "json_schema", schema, ...(strict == null ? {} : { strict }) };
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
