/** llama-server's own routes: /tokenize, /detokenize, /apply-template. `model` may be left out when one is loaded. */
import type { Context } from "hono";
import * as z from "zod";
import { openAIErrorResponse } from "../errors.ts";
import { namedOrLoadedModel } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { parseJsonObject, readText } from "../request_body.ts";
import { conversation, conversationFields } from "./chat_request.ts";
import { validate } from "./validation.ts";

const model = z.string().nullish();

const tokenizeSchema = z.object({
  model,
  content: z.string(),
  add_special: z.boolean().nullish(),
  parse_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
});

const detokenizeSchema = z.object({ model, tokens: z.array(z.int().min(0)) });

const templateSchema = z.object({ model, ...conversationFields });

type Handler = (c: Context<Env>) => Promise<Response>;

function route<T>(
  parts: RouteParts,
  schema: z.ZodType<T>,
  work: (fields: T, signal: AbortSignal) => Promise<unknown>,
): Handler {
  return async (c) => {
    try {
      const body = parseJsonObject(await readText(c.req.raw, parts.settings.maxBodyBytes));
      return Response.json(await work(validate(schema, body), c.req.raw.signal));
    } catch (error) {
      return openAIErrorResponse(error);
    }
  };
}

export function tokenize(parts: RouteParts): Handler {
  return route(parts, tokenizeSchema, async (fields, signal) => {
    const model = await namedOrLoadedModel(parts, fields.model);
    const tokens = await parts.host.tokenize(model, fields.content, {
      signal,
      addSpecial: fields.add_special ?? false,
      parseSpecial: fields.parse_special ?? true,
    });
    if (!fields.with_pieces) return { tokens };
    const pieces = tokens.map(async (id) => ({
      id,
      piece: await parts.host.detokenize(model, [id], { signal }),
    }));
    return { tokens: await Promise.all(pieces) };
  });
}

export function detokenize(parts: RouteParts): Handler {
  return route(parts, detokenizeSchema, async (fields, signal) => {
    const model = await namedOrLoadedModel(parts, fields.model);
    return { content: await parts.host.detokenize(model, fields.tokens, { signal }) };
  });
}

export function applyTemplate(parts: RouteParts): Handler {
  return route(parts, templateSchema, async (fields, signal) => {
    const model = await namedOrLoadedModel(parts, fields.model);
    const { text } = await parts.host.render(model, conversation(fields), { signal });
    return { prompt: text };
  });
}
