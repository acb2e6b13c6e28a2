/** What a dialect of the API has of its own around the work of a route: how it refuses. */
import type * as z from "zod";
import type { SkiffError } from "../../core/errors/skiff_error.ts";

export interface Dialect {
  /** The parsed body. Throws "invalid_input" in the dialect's words. */
  validate<T>(schema: z.ZodType<T>, body: unknown): T;
  status(error: SkiffError): number;
  errorBody(thrown: unknown): unknown;
  errorResponse(thrown: unknown): Response;
}
