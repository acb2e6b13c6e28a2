/** The native models API: what is in the store, and what changes it. Errors are one line of text. */
import type { Context, Hono } from "hono";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import { nativeErrorResponse } from "../errors.ts";
import type { Env, RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { createModel } from "./create_model.ts";
import { exportModel, loadModel, pushModel } from "./transfer.ts";

/** A model as the API shows it. */
export interface ModelBody {
  id: string;
  tags: string[];
  created: number;
  config: StoredModel["config"];
}

export function modelBody({ id, tags, created, config }: StoredModel): ModelBody {
  return { id, tags, created, config };
}

export function addNativeRoutes(app: Hono<Env>, parts: RouteParts): void {
  const { store } = parts;
  app.get("/models", text(async () => Response.json((await store.list()).map(modelBody))));
  app.post("/models/create", text((c) => createModel(parts, c)));
  app.post("/models/load", text((c) => loadModel(parts, c)));
  app.delete("/models/purge", text(() => purge(parts)));
  app.get("/models/:path{.+}", text((c) => readModel(parts, c)));
  app.delete("/models/:path{.+}", text((c) => removeModel(parts, c)));
  app.post("/models/:path{.+}", text((c) => modelAction(parts, c)));
}

type Handler = (c: Context<Env>) => Promise<Response>;

function text(handler: Handler): Handler {
  return async (c) => {
    try {
      return await handler(c);
    } catch (error) {
      return nativeErrorResponse(error);
    }
  };
}

/** A flag of the query: present without a value means true. */
function flag(c: Context<Env>, name: string): boolean {
  const value = c.req.query(name);
  return value !== undefined && !["false", "0", "no"].includes(value.toLowerCase());
}

/** Splits "ai/x/tag" into the name and the action at its end. */
function splitAction(path: string): { name: string; action: string } {
  const slash = path.lastIndexOf("/");
  return { name: path.slice(0, Math.max(0, slash)), action: path.slice(slash + 1) };
}

async function stored(parts: RouteParts, name: string): Promise<StoredModel> {
  const model = await parts.store.find(name);
  if (model) return model;
  throw new SkiffError("not_found", `Model not found: ${name}`, {
    hint: `Get it with \`skiff model pull ${name}\`; \`skiff model ls\` shows what is here.`,
  });
}

async function readModel(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const path = c.req.param("path")!;
  const { name, action } = splitAction(path);
  if (action === "export" && name) return await exportModel(parts, await stored(parts, name));
  if (!flag(c, "remote")) {
    const model = await stored(parts, path);
    return Response.json({ ...modelBody(model), ...runningParts(parts, model) });
  }
  if (parts.store.inspectRemote) return Response.json(modelBody(await parts.store.inspectRemote(path)));
  throw new SkiffError("unsupported", "This server cannot ask a registry about a model", {
    hint: "Pull the model, then inspect it.",
  });
}

/** What computes a model now, and why. */
function runningParts({ host }: RouteParts, { id }: StoredModel) {
  const running = host.loaded().flatMap(({ model, mode, info }) =>
    model.id === id && info ? [{ mode, engine: info.engine, device: info.device, reason: info.reason }] : []
  );
  return running.length > 0 ? { running } : {};
}

async function removeModel(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const name = c.req.param("path")!;
  const model = await stored(parts, name);
  const actions = await parts.store.remove(name, { force: flag(c, "force") });
  if (actions.some((action) => action.Deleted)) await parts.host.unload([model.id]);
  return Response.json(actions);
}

async function purge(parts: RouteParts): Promise<Response> {
  await parts.host.unload();
  await parts.store.purge();
  return new Response(null, { status: 200 });
}

async function modelAction(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const { name, action } = splitAction(c.req.param("path")!);
  if (!name) return await c.notFound();
  if (action === "tag") return await tagModel(parts, c, name);
  if (action === "push") return await pushModel(parts, c, name);
  if (action === "repackage") return await repackage(parts, c, name);
  return await c.notFound();
}

async function tagModel(parts: RouteParts, c: Context<Env>, name: string): Promise<Response> {
  const repo = c.req.query("repo");
  const tag = c.req.query("tag");
  if (!repo || !tag) throw new SkiffError("invalid_input", "Both 'repo' and 'tag' are required");
  const target = `${repo}:${tag}`;
  await stored(parts, name);
  await parts.store.tag(name, target);
  return Response.json({ message: `Model "${name}" tagged successfully with "${target}"`, target }, {
    status: 201,
  });
}

async function repackage(parts: RouteParts, c: Context<Env>, source: string): Promise<Response> {
  const body = parseJsonObject(await readText(c.req.raw, parts.settings.maxBodyBytes));
  const { target, context_size: contextSize } = body;
  if (typeof target !== "string" || target === "") {
    throw new SkiffError("invalid_input", "'target' is required");
  }
  if (contextSize !== undefined && !(Number.isInteger(contextSize) && Number(contextSize) > 0)) {
    throw new SkiffError("invalid_input", "'context_size' must be a positive integer");
  }
  await stored(parts, source);
  if (!parts.store.repackage) {
    throw new SkiffError("unsupported", "This server's store cannot repackage a model", {
      hint: "Tag the model and set its context size with `skiff model configure --context-size`.",
    });
  }
  await parts.store.repackage(source, target, { contextSize: contextSize as number | undefined });
  return Response.json({ message: `Model "${source}" repackaged as "${target}"`, source, target }, {
    status: 201,
  });
}
