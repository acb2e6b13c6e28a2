/** Anthropic's Messages API, under /anthropic and under the prefixes of the other inference routes. */
import type { Hono } from "hono";
import { apiPrefixes, withBackend } from "../backends.ts";
import type { Env, RouteParts } from "../parts.ts";
import { countTokens, createMessage } from "./create_message.ts";
import { listModels, oneModel } from "./models.ts";

export function addAnthropicRoutes(app: Hono<Env>, parts: RouteParts): void {
  for (const prefix of ["/anthropic/v1", ...apiPrefixes]) {
    app.post(`${prefix}/messages`, withBackend(createMessage(parts)));
    app.post(`${prefix}/messages/count_tokens`, withBackend(countTokens(parts)));
  }
  app.get("/anthropic/v1/models", listModels(parts));
  app.get("/anthropic/v1/models/:name{.+}", oneModel(parts));
  // Agents ask this at their start to see whether somebody is there.
  for (const path of ["/api/hello", "/anthropic/api/hello"]) {
    app.get(path, (c) => c.json({ message: "hello" }));
  }
}
