/** The OpenAI routes under all their prefixes. */
import type { Context, Hono } from "hono";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { nativeErrorResponse } from "../errors.ts";
import type { Env, RouteParts } from "../parts.ts";
import { chatCompletions } from "./chat_completions.ts";
import { completions } from "./completions.ts";
import { embeddings } from "./embeddings.ts";
import { listModels, oneModel } from "./models.ts";
import { rerank } from "./rerank.ts";
import { applyTemplate, detokenize, tokenize } from "./token_routes.ts";

/** The names under which the one engine room is reached; {backend} of the path. */
export const backends = ["llama.cpp"];

type Handler = (c: Context<Env>) => Promise<Response>;

/** Throws nothing: an unknown {backend} is answered with 404. */
function withBackend(handler: Handler): Handler {
  return (c) => {
    const backend = c.req.param("backend");
    if (backend === undefined || backends.includes(backend)) return handler(c);
    const error = new SkiffError("not_found", "backend not found", {
      hint: `Backends: ${backends.join(", ")}.`,
    });
    return Promise.resolve(nativeErrorResponse(error));
  };
}

export function addOpenAIRoutes(app: Hono<Env>, parts: RouteParts): void {
  for (const prefix of ["/v1", "/engines/v1", "/engines/:backend/v1"]) {
    app.get(`${prefix}/models`, withBackend(listModels(parts)));
    app.get(`${prefix}/models/:name{.+}`, withBackend(oneModel(parts)));
    app.post(`${prefix}/chat/completions`, withBackend(chatCompletions(parts)));
    app.post(`${prefix}/completions`, withBackend(completions(parts)));
    app.post(`${prefix}/embeddings`, withBackend(embeddings(parts)));
  }
  for (const prefix of ["", "/v1", "/engines/v1", "/engines/:backend/v1"]) {
    for (const name of ["rerank", "reranking"]) app.post(`${prefix}/${name}`, withBackend(rerank(parts)));
    app.post(`${prefix}/tokenize`, withBackend(tokenize(parts)));
    app.post(`${prefix}/detokenize`, withBackend(detokenize(parts)));
    app.post(`${prefix}/apply-template`, withBackend(applyTemplate(parts)));
  }
}
