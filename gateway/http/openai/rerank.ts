/**
 * POST …/v1/rerank: documents by how well they answer a query, in the form of Jina, Cohere and llama-server; with
 * `texts` in place of `documents` in that of text-embeddings-inference.
 */
import type { Context } from "hono";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { engineHeaders } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { openAI } from "./dialect.ts";

const document = z.union([z.string(), z.object({ text: z.string() })]);

const rerankSchema = z.object({
  model: z.string(),
  query: z.string().min(1),
  documents: z.array(document).min(1).max(2048).nullish(),
  texts: z.array(z.string()).min(1).max(2048).nullish(),
  top_n: z.int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
  return_text: z.boolean().nullish(),
});
type RerankFields = z.infer<typeof rerankSchema>;

export function rerank(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return inferenceRoute(parts, {
    dialect: openAI,
    schema: rerankSchema,
    mode: "reranking",
    work: (fields, exchange) => answer(parts, fields, exchange),
  });
}

async function answer(parts: RouteParts, fields: RerankFields, exchange: Exchange): Promise<Response> {
  const { model, signal, record } = exchange;
  const texts = documentsOf(fields);
  const { scores, promptTokens } = await parts.host.rerank(model, fields.query, texts, { signal });
  const order = scores.map((_, index) => index).sort((a, b) => scores[b] - scores[a] || a - b);
  const best = order.slice(0, fields.top_n ?? order.length);
  const body = fields.documents
    ? {
      model: fields.model,
      object: "list",
      results: best.map((index) => ({
        index,
        relevance_score: scores[index],
        ...(fields.return_documents ? { document: { text: texts[index] } } : {}),
      })),
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    }
    : best.map((index) => ({
      index,
      score: scores[index],
      ...(fields.return_text ? { text: texts[index] } : {}),
    }));
  record.finish(200, JSON.stringify(body));
  return Response.json(body, { headers: engineHeaders(parts, model) });
}

function documentsOf({ documents, texts }: RerankFields): string[] {
  if (documents) return documents.map((one) => typeof one === "string" ? one : one.text);
  if (texts) return texts;
  throw new SkiffError("invalid_input", "Missing required parameter: 'documents'.", {
    details: { param: "documents", code: "missing_required_parameter" },
  });
}
