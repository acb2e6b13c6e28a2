/** OpenAI's Responses API under all prefixes. */
import type { Hono } from "hono";
import { apiPrefixes, withBackend } from "../backends.ts";
import type { Env, RouteParts } from "../parts.ts";
import { createResponse } from "./create_response.ts";
import { ResponseStore } from "./response_store.ts";
import { cancelResponse, deleteResponse, listInputItems, retrieveResponse } from "./stored_responses.ts";

export function addResponsesRoutes(app: Hono<Env>, parts: RouteParts): void {
  const store = new ResponseStore();
  for (const prefix of [...apiPrefixes, "/engines", "/engines/:backend", ""]) {
    const path = `${prefix}/responses`;
    app.post(path, withBackend(createResponse(parts, store)));
    app.get(`${path}/:id`, withBackend(retrieveResponse(store)));
    app.delete(`${path}/:id`, withBackend(deleteResponse(store)));
    app.post(`${path}/:id/cancel`, withBackend(cancelResponse(store)));
    app.get(`${path}/:id/input_items`, withBackend(listInputItems(store)));
  }
}
