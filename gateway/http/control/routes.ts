/** Routes about the server itself: health, version, metrics, logs, engines, recorded requests. */
import type { Context, Hono } from "hono";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { backends } from "../backends.ts";
import { nativeErrorResponse } from "../errors.ts";
import { Channel, eventStreamResponse, sseEvent, streamBody } from "../event_stream.ts";
import type { Env, RouteParts } from "../parts.ts";
import { configurations, configure, diskUsage, engineStatus, runningModels, unload } from "./engines.ts";
import type { ModelRequests } from "./request_recorder.ts";
import { metricsText, type RequestCounter } from "./metrics.ts";

type Handler = (c: Context<Env>) => Response | Promise<Response>;

function text(handler: Handler): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    try {
      return await handler(c);
    } catch (error) {
      return nativeErrorResponse(error);
    }
  };
}

export function addControlRoutes(app: Hono<Env>, parts: RouteParts, counter: RequestCounter): void {
  app.get("/", text(() => new Response("Docker Model Runner is running\n")));
  for (const path of ["/health", "/healthz", "/v1/health"]) {
    app.get(path, text(() => Response.json({ status: "ok" })));
  }
  app.get("/version", text(() => Response.json({ version: parts.version, pid: Deno.pid, server: "skiff" })));
  if (parts.settings.metrics) app.get("/metrics", text(() => metrics(parts, counter)));
  app.get("/logs", text((c) => logs(parts, c)));
  app.get("/engines/status", text(() => engineStatus(parts)));
  app.get("/engines/ps", text(() => runningModels(parts)));
  app.get("/engines/df", text(() => diskUsage(parts)));
  app.post("/engines/unload", text((c) => unload(parts, c)));
  app.get("/engines/requests", text((c) => requests(parts, c)));
  for (const prefix of ["/engines", "/engines/:backend"]) {
    app.post(`${prefix}/_configure`, text((c) => knownBackend(c) ?? configure(parts, c)));
    app.get(`${prefix}/_configure`, text((c) => knownBackend(c) ?? configurations(parts, c)));
  }
}

function knownBackend(c: Context<Env>): undefined {
  const backend = c.req.param("backend");
  if (backend === undefined || backends.includes(backend)) return undefined;
  throw new SkiffError("not_found", "backend not found", { hint: `Backends: ${backends.join(", ")}.` });
}

async function metrics(parts: RouteParts, counter: RequestCounter): Promise<Response> {
  return new Response(await metricsText(parts, counter), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
}

/** "true"/"1"/nothing = true. Throws "invalid_input" for what is no boolean. */
function flag(c: Context<Env>, name: string): boolean {
  const value = c.req.query(name);
  if (value === undefined) return false;
  if (["", "true", "1", "t", "TRUE", "True"].includes(value)) return true;
  if (["false", "0", "f", "FALSE", "False"].includes(value)) return false;
  throw new SkiffError("invalid_input", `Invalid '${name}': "${value}" is no boolean`);
}

async function logs(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const follow = flag(c, "follow");
  const engines = !flag(c, "no-engines");
  if (!parts.log) {
    throw new SkiffError("unsupported", "This server keeps no log", { details: { status: 501 } });
  }
  const leaving = new AbortController();
  const signal = AbortSignal.any([c.req.raw.signal, parts.closing, leaving.signal]);
  const lines = await parts.log.read({ follow, engines, signal });
  return new Response(streamBody(lines, () => leaving.abort()), {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

async function requests(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const wanted = c.req.query("model");
  const model = wanted ? await parts.store.find(wanted) : undefined;
  const name = wanted === undefined || wanted === "" ? undefined : model ? model.tags[0] ?? model.id : wanted;
  if (!(c.req.header("accept") ?? "").includes("text/event-stream")) {
    return Response.json(await withSettings(parts, parts.recorder.list(name)));
  }
  const existing = flag(c, "include_existing") ? await withSettings(parts, parts.recorder.list(name)) : [];
  return eventStreamResponse(requestEvents(parts, name, existing, c.req.raw.signal));
}

async function withSettings(parts: RouteParts, groups: ModelRequests[]): Promise<ModelRequests[]> {
  if (groups.length === 0) return groups;
  const all = await parts.host.settings();
  return groups.map((group) => {
    const found = all.find(({ modelId }) => group.records[0].id.startsWith(`${modelId}_`));
    return found ? { ...group, config: { ...found.settings } } : group;
  });
}

async function* requestEvents(
  parts: RouteParts,
  name: string | undefined,
  existing: unknown[],
  leaving: AbortSignal,
): AsyncGenerator<string> {
  const channel = new Channel<string>();
  const stop = parts.recorder.listen((group) => {
    if (name === undefined || group.model === name) channel.push(sseEvent([group], "new_request"));
  });
  const end = () => channel.end();
  const signal = AbortSignal.any([leaving, parts.closing]);
  signal.addEventListener("abort", end);
  try {
    yield sseEvent('{"status": "connected"}', "connected");
    for (const group of existing) yield sseEvent([group], "existing_request");
    if (!signal.aborted) yield* channel;
  } finally {
    stop();
    signal.removeEventListener("abort", end);
  }
}
