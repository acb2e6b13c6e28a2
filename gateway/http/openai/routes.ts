/** The OpenAI routes under all their prefixes. */
import type { Hono } from "hono";
import * as anthropic from "../anthropic/models.ts";
import { apiPrefixes, type Handler, withBackend } from "../backends.ts";
import type { Env, RouteParts } from "../parts.ts";
import { chatCompletions } from "./chat_completions.ts";
import { completions } from "./completions.ts";
import { embeddings } from "./embeddings.ts";
import { listModels, oneModel } from "./models.ts";
import { rerank } from "./rerank.ts";
import { applyTemplate, detokenize, tokenize } from "./token_routes.ts";

export function addOpenAIRoutes(app: Hono<Env>, parts: RouteParts): void {
  for (const prefix of apiPrefixes) {
    app.get(`${prefix}/models`, withBackend(inDialect(listModels(parts), anthropic.listModels(parts))));
    app.get(`${prefix}/models/:name{.+}`, withBackend(inDialect(oneModel(parts), anthropic.oneModel(parts))));
    app.post(`${prefix}/chat/completions`, withBackend(chatCompletions(parts)));
    app.post(`${prefix}/completions`, withBackend(completions(parts)));
    app.post(`${prefix}/embeddings`, withBackend(embeddings(parts)));
  }
  for (const prefix of ["", ...apiPrefixes]) {
    for (const name of ["rerank", "reranking"]) app.post(`${prefix}/${name}`, withBackend(rerank(parts)));
    app.post(`${prefix}/tokenize`, withBackend(tokenize(parts)));
    app.post(`${prefix}/detokenize`, withBackend(detokenize(parts)));
    app.post(`${prefix}/apply-template`, withBackend(applyTemplate(parts)));
  }
}

/** One path for two dialects: Anthropic's clients say which version of its API they speak. */
function inDialect(openAI: Handler, anthropic: Handler): Handler {
  return (c) => c.req.header("anthropic-version") === undefined ? openAI(c) : anthropic(c);
}
