/** POST …/v1/embeddings */
import type { Context } from "hono";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { engineHeaders } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { openAI } from "./dialect.ts";

const tokens = z.array(z.int().min(0)).min(1).max(1_000_000);

const embeddingSchema = z.object({
  model: z.string(),
  input: z.union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1).max(2048),
    tokens,
    z.array(tokens).min(1).max(2048),
  ]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
  user: z.string().nullish(),
});
type EmbeddingFields = z.infer<typeof embeddingSchema>;

export function embeddings(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return inferenceRoute(parts, {
    dialect: openAI,
    schema: embeddingSchema,
    mode: "embedding",
    work: (fields, exchange) => answer(parts, fields, exchange),
  });
}

async function answer(parts: RouteParts, fields: EmbeddingFields, exchange: Exchange): Promise<Response> {
  const { model, signal, record } = exchange;
  const { vectors, promptTokens } = await parts.host.embed(model, inputs(fields.input), { signal });
  const encode = fields.encoding_format === "base64" ? base64 : (vector: Float32Array) => [...vector];
  const data = vectors.map((vector, index) => ({
    object: "embedding",
    index,
    embedding: encode(normalised(shortened(vector, fields.dimensions ?? undefined))),
  }));
  const body = {
    object: "list",
    data,
    model: fields.model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  };
  record.finish(200, JSON.stringify({ ...body, data: `${data.length} embeddings` }));
  return Response.json(body, { headers: engineHeaders(parts, model) });
}

function inputs(input: EmbeddingFields["input"]): (string | number[])[] {
  if (typeof input === "string") return [input];
  return typeof input[0] === "number" ? [input as number[]] : input as (string | number[])[];
}

function shortened(vector: Float32Array, dimensions = vector.length): Float32Array {
  if (dimensions <= vector.length) return vector.slice(0, dimensions);
  throw new SkiffError(
    "invalid_input",
    `Invalid 'dimensions': this model's embeddings have ${vector.length} dimensions, but got ${dimensions}.`,
    { details: { param: "dimensions", code: "invalid_value" } },
  );
}

/** Length 1; a vector of zeros stays as it is. */
export function normalised(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const x of vector) sum += x * x;
  const scale = sum > 0 ? 1 / Math.sqrt(sum) : 1;
  return vector.map((x) => x * scale);
}

/** Float32, little-endian. */
function base64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  vector.forEach((x, i) => view.setFloat32(i * 4, x, true));
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
