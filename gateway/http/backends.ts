/** The prefixes of the inference routes, and the {backend} in them. */
import type { Context } from "hono";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { nativeErrorResponse } from "./errors.ts";
import type { Env } from "./parts.ts";

/** The names under which the one engine room is reached; {backend} of the path. */
export const backends = ["llama.cpp"];

export const apiPrefixes = ["/v1", "/engines/v1", "/engines/:backend/v1"];

/** What answers a request. */
export type Handler = (c: Context<Env>) => Promise<Response>;

/** Throws nothing: an unknown {backend} is answered with 404. */
export function withBackend(handler: Handler): Handler {
  return (c) => {
    const backend = c.req.param("backend");
    if (backend === undefined || backends.includes(backend)) return handler(c);
    const error = new SkiffError("not_found", "backend not found", {
      hint: `Backends: ${backends.join(", ")}.`,
    });
    return Promise.resolve(nativeErrorResponse(error));
  };
}
