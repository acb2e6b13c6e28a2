/** POST /models/create: pulls a model, or adds a file of this machine, with progress lines. */
import type { Context } from "hono";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type Env, isLocalClient, type RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { validate } from "../openai/validation.ts";
import { progressResponse } from "./progress_stream.ts";

const createSchema = z.object({
  from: z.string().min(1),
  "bearer-token": z.string().nullish(),
  /** Of a file: the name it gets, and whether it is copied into the store. */
  tag: z.string().nullish(),
  copy: z.boolean().nullish(),
  /** Of a folder with an ONNX model: which type of its numbers. */
  dtype: z.string().nullish(),
});

/** More pulls at a time would only share one line. */
const pullsAtOnce = 2;
let running = 0;
const waiting: (() => void)[] = [];

export async function createModel(parts: RouteParts, c: Context<Env>): Promise<Response> {
  const body = parseJsonObject(await readText(c.req.raw, parts.settings.maxBodyBytes));
  const fields = validate(createSchema, body);
  const path = filePath(fields.from);
  if (path !== undefined) {
    refuseForeignFile(c, fields.from, path);
    return await progressResponse(c.req.raw, "pull", async (_report, signal) => {
      const model = await parts.store.importFile(path, {
        tag: fields.tag ?? undefined,
        copy: fields.copy ?? undefined,
        dtype: fields.dtype ?? undefined,
        signal,
      });
      return `Model imported successfully: ${model.tags[0] ?? model.id}`;
    });
  }
  return await progressResponse(c.req.raw, "pull", (report, signal) =>
    oneOfFew(signal, async () => {
      const { model, cached } = await parts.store.pull(fields.from, {
        signal,
        onProgress: report,
        bearerToken: fields["bearer-token"] ?? undefined,
      });
      return cached ? `Using cached model: ${model.config.size}` : "Model pulled successfully";
    }));
}

/** The path when `from` names a file: absolute, relative, in the home folder, a file: URL, a Windows drive. */
function filePath(from: string): string | undefined {
  if (from.startsWith("file:")) return decodeURIComponent(from.replace(/^file:(\/\/)?/, ""));
  return /^([/\\~]|\.{1,2}[/\\]|[A-Za-z]:[/\\])/.test(from) ? from : undefined;
}

/**
 * Only programs of this machine may name its files; a web page may not, nor what comes over a network.
 * Relative paths would mean the server's folder, not the caller's.
 */
function refuseForeignFile(c: Context<Env>, from: string, path: string): void {
  if (!isLocalClient(c.env) || c.req.header("origin") !== undefined) {
    throw new SkiffError("forbidden", "Files are accepted only from programs on this machine", {
      hint: "Use `skiff model pull` there, or name a registry.",
    });
  }
  if (!/^(\/|[A-Za-z]:[/\\])/.test(path)) {
    throw new SkiffError("invalid_input", `The path "${from}" is not absolute`, {
      hint: "Give the whole path: the server does not know your working folder.",
    });
  }
}

/** Runs `work` when fewer than `pullsAtOnce` run. Throws "interrupted" when the client leaves the queue. */
async function oneOfFew<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  while (running >= pullsAtOnce) {
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (signal.aborted) {
      waiting.shift()?.();
      throw new SkiffError("interrupted", "The client went away");
    }
  }
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}
