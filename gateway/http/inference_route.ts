/** What every inference route does around its work: body, schema, model, cancellation, record, errors. */
import type { Context } from "hono";
import type * as z from "zod";
import { toSkiffError } from "../../core/errors/skiff_error.ts";
import type { RunnerMode } from "../../inference/runner/host.ts";
import type { StoredModel } from "../../inference/store/model.ts";
import type { RequestRecord } from "./control/request_recorder.ts";
import type { Dialect } from "./dialect.ts";
import { requestedModel } from "./model_lookup.ts";
import type { Env, RouteParts } from "./parts.ts";
import { parseJsonObject, readText } from "./request_body.ts";

/** One request while it is served. */
export interface Exchange {
  model: StoredModel;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  abort: () => void;
  record: RequestRecord;
}

/** A route with a `model` field. */
export interface InferenceRoute<T extends { model: string }> {
  dialect: Dialect;
  schema: z.ZodType<T>;
  mode: RunnerMode;
  /** Answers; what it throws becomes the dialect's error body. */
  work: (fields: T, exchange: Exchange) => Promise<Response>;
}

/**
 * A handler for such a route. With the header `X-Preload-Only: true` the model is loaded and 200 answered
 * with nothing.
 */
export function inferenceRoute<T extends { model: string }>(
  parts: RouteParts,
  { dialect, schema, mode, work }: InferenceRoute<T>,
): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    let record: RequestRecord | undefined;
    try {
      const text = await readText(c.req.raw, parts.settings.maxBodyBytes);
      const body = parseJsonObject(text);
      const preloadOnly = c.req.header("x-preload-only") === "true";
      const name = preloadOnly && typeof body.model === "string" ? body.model : undefined;
      const fields = name === undefined ? dialect.validate(schema, body) : undefined;
      const model = await requestedModel(parts, name ?? fields!.model);
      const { signal, abort } = cancellation(c.req.raw.signal);
      if (!fields) {
        await parts.host.preload(model, mode, { signal });
        return new Response(null, { status: 200 });
      }
      record = parts.recorder.begin(model, c.req.raw, text);
      return await work(fields, { model, signal, abort, record });
    } catch (error) {
      const status = dialect.status(toSkiffError(error));
      record?.finish(status, JSON.stringify(dialect.errorBody(error)), error);
      return dialect.errorResponse(error);
    }
  };
}

function cancellation(request: AbortSignal): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return {
    signal: AbortSignal.any([request, controller.signal]),
    abort: () => controller.abort(new DOMException("The client went away", "AbortError")),
  };
}
