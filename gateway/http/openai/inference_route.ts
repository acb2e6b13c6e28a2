/** What every inference route does around its work: body, schema, model, cancellation, record, errors. */
import type { Context } from "hono";
import type * as z from "zod";
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { RunnerMode } from "../../../inference/runner/host.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import type { RequestRecord } from "../control/request_recorder.ts";
import { openAIErrorBody, openAIErrorResponse, openAIStatus } from "../errors.ts";
import { requestedModel } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { validate } from "./validation.ts";

/** One request while it is served. */
export interface Exchange {
  model: StoredModel;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  abort: () => void;
  record: RequestRecord;
}

/**
 * A handler for a route with a `model` field. `work` answers; what it throws becomes OpenAI's error body.
 * With the header `X-Preload-Only: true` the model is loaded and 200 answered with nothing.
 */
export function inferenceRoute<T extends { model: string }>(
  parts: RouteParts,
  schema: z.ZodType<T>,
  mode: RunnerMode,
  work: (fields: T, exchange: Exchange) => Promise<Response>,
): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    let record: RequestRecord | undefined;
    try {
      const text = await readText(c.req.raw, parts.settings.maxBodyBytes);
      const body = parseJsonObject(text);
      const preloadOnly = c.req.header("x-preload-only") === "true";
      const name = preloadOnly && typeof body.model === "string" ? body.model : undefined;
      const fields = name === undefined ? validate(schema, body) : undefined;
      const model = await requestedModel(parts, name ?? fields!.model);
      const { signal, abort } = cancellation(c.req.raw.signal);
      if (!fields) {
        await parts.host.preload(model, mode, { signal });
        return new Response(null, { status: 200 });
      }
      record = parts.recorder.begin(model, c.req.raw, text);
      return await work(fields, { model, signal, abort, record });
    } catch (error) {
      const status = openAIStatus(toSkiffError(error));
      record?.finish(status, JSON.stringify(openAIErrorBody(error)), error);
      return openAIErrorResponse(error);
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
