/** OpenAI's dialect: chat completions, completions, embeddings, responses. */
import type { Dialect } from "../dialect.ts";
import { openAIErrorBody, openAIErrorResponse, openAIStatus } from "../errors.ts";
import { validate } from "./validation.ts";

export const openAI: Dialect = {
  validate,
  status: openAIStatus,
  errorBody: openAIErrorBody,
  errorResponse: openAIErrorResponse,
};
