/** /engines/…: which engines there are, what runs, how much disk, unloading, settings. */
import type { Context } from "hono";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { ModelSettings, RunnerMode } from "../../../inference/runner/host.ts";
import { modelName } from "../model_lookup.ts";
import { backends } from "../backends.ts";
import { validate } from "../openai/validation.ts";
import type { Env, RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { splitWords } from "./shell_words.ts";

const backendName = backends[0];
const zeroTime = "0001-01-01T00:00:00Z";

/** GET /engines/status */
export async function engineStatus(parts: RouteParts): Promise<Response> {
  if (parts.engines) return Response.json(await parts.engines());
  const info = parts.host.loaded().find((loaded) => loaded.info)?.info;
  return Response.json({ [backendName]: info ? `Running: ${info.device}` : "Running" });
}

/** One line of GET /engines/ps. */
export interface RunningModel {
  backend_name: string;
  model_name: string;
  mode: RunnerMode;
  /** RFC 3339; the zero time while in use. */
  last_used: string;
  in_use?: boolean;
  loading?: boolean;
  keep_alive?: string;
  /** RFC 3339: when it will be unloaded. */
  expires?: string;
  engine?: string;
  device?: string;
  /** Why this engine and device. */
  reason?: string;
  context_size?: number;
  memory_bytes?: number;
}

/** GET /engines/ps */
export function runningModels(parts: RouteParts): Response {
  const body = parts.host.loaded().map((loaded): RunningModel => ({
    backend_name: loaded.info && loaded.info.engine !== "llama" ? loaded.info.engine : backendName,
    model_name: modelName(loaded.model),
    mode: loaded.mode,
    last_used: loaded.inUse > 0 ? zeroTime : new Date(loaded.lastUsed).toISOString(),
    ...(loaded.inUse > 0 ? { in_use: true } : {}),
    ...(loaded.state === "loading" ? { loading: true } : {}),
    keep_alive: loaded.keepAlive,
    ...(loaded.expires === undefined ? {} : { expires: new Date(loaded.expires).toISOString() }),
    ...(loaded.info
      ? {
        engine: loaded.info.engine,
        device: loaded.info.device,
        reason: loaded.info.reason,
        context_size: loaded.info.contextTokens,
        memory_bytes: loaded.info.memoryBytes,
      }
      : {}),
  }));
  return Response.json(body);
}

/** GET /engines/df */
export async function diskUsage(parts: RouteParts): Promise<Response> {
  const [{ bytes }, engineBytes] = await Promise.all([parts.store.diskUsage(), parts.engineBytes?.() ?? 0]);
  return Response.json({ models_disk_usage: bytes, default_backend_disk_usage: engineBytes });
}

const unloadSchema = z.object({
  all: z.boolean().nullish(),
  backend: z.string().nullish(),
  models: z.array(z.string()).nullish(),
});

/** POST /engines/unload */
export async function unload(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const fields = validate(unloadSchema, await jsonBody(parts, c));
  if (fields.backend && !backends.includes(fields.backend)) return Response.json({ unloaded_runners: 0 });
  if (fields.all || (fields.backend && !fields.models?.length)) {
    return Response.json({ unloaded_runners: await parts.host.unload() });
  }
  const ids = new Set<string>();
  for (const name of fields.models ?? []) {
    const model = await parts.store.find(name);
    if (model) ids.add(model.id);
  }
  return Response.json({ unloaded_runners: ids.size > 0 ? await parts.host.unload([...ids]) : 0 });
}

const configureSchema = z.object({
  model: z.string().min(1),
  mode: z.enum(["completion", "embedding", "reranking"]).nullish(),
  "context-size": z.int().min(-1).nullish(),
  "runtime-flags": z.array(z.string()).nullish(),
  "raw-runtime-flags": z.string().nullish(),
  keep_alive: z.string().nullish(),
  parallel: z.int().min(1).nullish(),
  engine: z.enum(["auto", "llama", "webgpu", "onnx"]).nullish(),
  speculative: z.object({
    draft_model: z.string(),
    num_tokens: z.int().nullish(),
    min_acceptance_rate: z.number().nullish(),
  }).nullish(),
  llamacpp: z.object({ "reasoning-budget": z.int().nullish() }).nullish(),
  "reasoning-budget": z.int().nullish(),
});
type ConfigureFields = z.infer<typeof configureSchema>;

/** POST /engines/_configure: stored at once, loaded in the background. */
export async function configure(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const fields = validate(configureSchema, await jsonBody(parts, c));
  if (fields["context-size"] === 0) {
    throw new SkiffError(
      "invalid_input",
      "Invalid 'context-size': it must be positive, or -1 for the model's own",
    );
  }
  const model = await parts.store.find(fields.model);
  if (!model) throw new SkiffError("not_found", `Model not found: ${fields.model}`);
  const settings = modelSettings(fields);
  const mode = fields.mode ?? (settings["runtime-flags"]?.includes("--embeddings") ? "embedding" : undefined);
  await parts.host.configure(model, mode, settings);
  parts.host.preload(model, mode ?? "completion").catch((error) =>
    parts.log?.write("server", `Cannot load ${fields.model} after configure: ${error.message}`)
  );
  return new Response(null, { status: 202 });
}

function modelSettings(fields: ConfigureFields): ModelSettings {
  const flags = fields["runtime-flags"] ??
    (fields["raw-runtime-flags"] ? splitWords(fields["raw-runtime-flags"]) : undefined);
  const all: ModelSettings = {
    "context-size": fields["context-size"] ?? undefined,
    "runtime-flags": flags,
    keep_alive: fields.keep_alive ?? undefined,
    "reasoning-budget": fields.llamacpp?.["reasoning-budget"] ?? fields["reasoning-budget"] ?? undefined,
    parallel: fields.parallel ?? undefined,
    engine: fields.engine ?? undefined,
    speculative: fields.speculative
      ? {
        draft_model: fields.speculative.draft_model,
        num_tokens: fields.speculative.num_tokens ?? undefined,
        min_acceptance_rate: fields.speculative.min_acceptance_rate ?? undefined,
      }
      : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** GET /engines/_configure?model= */
export async function configurations(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const name = c.req.query("model");
  const wanted = name ? await parts.store.find(name) : undefined;
  if (name && !wanted) return Response.json([]);
  const [all, models] = await Promise.all([parts.host.settings(wanted?.id), parts.store.list()]);
  return Response.json(all.map(({ modelId, mode, settings }) => {
    const model = models.find(({ id }) => id === modelId);
    return {
      Backend: backendName,
      Model: model ? modelName(model) : modelId,
      ModelID: modelId,
      Mode: mode,
      Config: settings,
    };
  }));
}

async function jsonBody(parts: RouteParts, c: Context<Env>): Promise<Record<string, unknown>> {
  return parseJsonObject(await readText(c.req.raw, parts.settings.maxBodyBytes));
}
