/**
 * The HTTP application: every route of the server behind one front (who may call, CORS, request log,
 * 404 and 405). `server.ts` gives it sockets; tests call `app.request()`.
 */
import { type Context, Hono } from "hono";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { RequestCounter } from "./control/metrics.ts";
import { RequestRecorder } from "./control/request_recorder.ts";
import { addControlRoutes } from "./control/routes.ts";
import { nativeErrorResponse, openAIErrorResponse } from "./errors.ts";
import { addAnthropicRoutes } from "./anthropic/routes.ts";
import { anthropicErrorResponse } from "./anthropic/errors.ts";
import { addNativeRoutes } from "./native/routes.ts";
import { addOpenAIRoutes } from "./openai/routes.ts";
import { type AppParts, defaultHttpSettings, type Env, type RouteParts } from "./parts.ts";
import { routePath, speaksAnthropic, speaksOpenAI } from "./request_path.ts";
import { addResponsesRoutes } from "./responses/routes.ts";
import { corsHeaders, judge, preflightResponse } from "./security.ts";

/** The application over a store and a model host. `app.fetch(request, connection)` serves a request. */
export function createApp(given: AppParts): Hono<Env> {
  const parts: RouteParts = {
    ...given,
    settings: { ...defaultHttpSettings, ...given.settings },
    recorder: new RequestRecorder(),
    closing: given.closing ?? new AbortController().signal,
  };
  const counter = new RequestCounter();
  const app = new Hono<Env>({ getPath: (request) => routePath(request.url) });
  app.use("*", (c, next) => front(parts, counter, c, next));
  addControlRoutes(app, parts, counter);
  addOpenAIRoutes(app, parts);
  addResponsesRoutes(app, parts);
  addAnthropicRoutes(app, parts);
  addNativeRoutes(app, parts);
  app.notFound((c) => unknownRoute(app, c));
  app.onError((error, c) => errorResponse(c, error));
  return app;
}

async function front(
  parts: RouteParts,
  counter: RequestCounter,
  c: Context<Env>,
  next: () => Promise<void>,
): Promise<Response | void> {
  const start = performance.now();
  const request = c.req.raw;
  const verdict = judge(request, parts.settings, c.env?.transport === "unix");
  if (!verdict.allowed) {
    c.res = nativeErrorResponse(new SkiffError("forbidden", verdict.reason!));
  } else if (request.method === "OPTIONS" && verdict.origin !== undefined) {
    c.res = preflightResponse(request, verdict.origin);
  } else {
    await next();
    if (verdict.origin !== undefined) addHeaders(c, corsHeaders(verdict.origin));
  }
  counter.count(request.method, c.res.status);
  const ms = Math.round(performance.now() - start);
  parts.log?.write("server", `${request.method} ${c.req.path} ${c.res.status} ${ms}ms`);
}

function addHeaders(c: Context<Env>, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
}

function errorResponse(c: Context<Env>, error: unknown): Response {
  if (speaksAnthropic(c.req.path, c.req.raw.headers)) return anthropicErrorResponse(error);
  return speaksOpenAI(c.req.path) ? openAIErrorResponse(error) : nativeErrorResponse(error);
}

const methods = ["GET", "POST", "DELETE"];

/** 405 with Allow where the path exists for another method, else 404. */
function unknownRoute(app: Hono<Env>, c: Context<Env>): Response {
  const { method } = c.req;
  const allowed = methods.filter((other) =>
    other !== method && app.router.match(other, c.req.path)[0].some(([[, route]]) => route.method !== "ALL")
  );
  if (allowed.length === 0) {
    const message = `Unknown request URL: ${method} ${c.req.path}`;
    return errorResponse(c, new SkiffError("not_found", message, { details: { code: "unknown_url" } }));
  }
  const message = `Not allowed to ${method} on ${c.req.path}`;
  const response = errorResponse(
    c,
    new SkiffError("invalid_input", message, { details: { status: 405, code: "method_not_supported" } }),
  );
  response.headers.set("allow", allowed.join(", "));
  return response;
}
