/** Models in and out of the store as a whole: export and load as tar, push to a registry. */
import type { Context } from "hono";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import type { Env, RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { progressResponse } from "./progress_stream.ts";

function cannot(what: string): SkiffError {
  return new SkiffError("unsupported", `This server's store cannot ${what}`, {
    hint: "Update skiff, or move the GGUF file itself: `skiff model pull /path/to/model.gguf`.",
  });
}

/** GET /models/{name}/export */
export async function exportModel(parts: RouteParts, model: StoredModel): Promise<Response> {
  if (!parts.store.exportArchive) throw cannot("export a model");
  const name = (model.tags[0] ?? model.id).split("/").at(-1)!.replace(/[^\w.-]/g, "_");
  return new Response(await parts.store.exportArchive(model), {
    headers: {
      "content-type": "application/x-tar",
      "content-disposition": `attachment; filename="${name}.tar"`,
    },
  });
}

/** POST /models/load with a tar as body. */
export async function loadModel(parts: RouteParts, c: Context<Env>): Promise<Response> {
  if (!parts.store.importArchive) throw cannot("load an archive");
  if (!c.req.raw.body) throw new SkiffError("invalid_input", "The body must be a tar archive");
  const model = await parts.store.importArchive(c.req.raw.body, { signal: c.req.raw.signal });
  const message = `Model loaded successfully: ${model.id}`;
  return Response.json({ type: "success", message, total: 0, layer: { size: 0, current: 0 }, mode: "pull" });
}

/** POST /models/{name}/push; the body may be empty. */
export async function pushModel(parts: RouteParts, c: Context<Env>, name: string): Promise<Response> {
  const text = await readText(c.req.raw, parts.settings.maxBodyBytes);
  const token = text.trim() === "" ? undefined : parseJsonObject(text)["bearer-token"];
  const { store } = parts;
  if (!await store.find(name)) throw new SkiffError("not_found", `Model not found: ${name}`);
  if (!store.push) throw cannot("push a model to a registry");
  return await progressResponse(c.req.raw, "push", async (onProgress, signal) => {
    await store.push!(name, {
      signal,
      onProgress,
      bearerToken: typeof token === "string" ? token : undefined,
    });
    return "Model pushed successfully";
  });
}
