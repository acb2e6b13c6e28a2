/** GET …/v1/models and …/v1/models/{id} as Anthropic's clients read them. */
import type { Context } from "hono";
import type { StoredModel } from "../../../inference/store/model.ts";
import { answerId } from "../generation.ts";
import { contextWindow, modelName, requestedModel } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { anthropicErrorResponse, refusal } from "./errors.ts";

type Handler = (c: Context<Env>) => Promise<Response>;

function modelBody(parts: RouteParts, model: StoredModel) {
  const window = contextWindow(parts, model) ?? null;
  return {
    type: "model",
    id: modelName(model),
    display_name: model.config.gguf?.["general.name"] ?? modelName(model),
    created_at: new Date(model.created * 1000).toISOString().replace(".000Z", "Z"),
    max_input_tokens: window,
    max_tokens: window,
  };
}

const answering = (work: (c: Context<Env>) => Promise<unknown>): Handler => async (c) => {
  try {
    return Response.json(await work(c), { headers: { "request-id": answerId("req", "_") } });
  } catch (error) {
    return anthropicErrorResponse(error);
  }
};

/** A page of the models; `after_id` and `before_id` name the model beside it. */
export function listModels(parts: RouteParts): Handler {
  return answering(async (c) => {
    const all = (await parts.store.list()).map((model) => modelBody(parts, model));
    const limit = Number(c.req.query("limit") ?? 20);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw refusal(["limit"], "Input should be a whole number from 1 to 1000");
    }
    const at = (name: string) => all.findIndex(({ id }) => id === c.req.query(name));
    const [after, before] = [at("after_id"), at("before_id")];
    const start = before >= 0 ? Math.max(0, before - limit) : after + 1;
    const end = before >= 0 ? before : Math.min(all.length, start + limit);
    const data = all.slice(start, end);
    return {
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: before >= 0 ? start > 0 : end < all.length,
    };
  });
}

export function oneModel(parts: RouteParts): Handler {
  return answering(async (c) => modelBody(parts, await requestedModel(parts, c.req.param("name") ?? "")));
}
