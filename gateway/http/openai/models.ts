/** GET …/v1/models and …/v1/models/{name}, in OpenAI's form. */
import type { Context } from "hono";
import type { StoredModel } from "../../../inference/store/model.ts";
import { openAIErrorResponse } from "../errors.ts";
import { contextWindow, modelName, requestedModel } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";

function modelBody(parts: RouteParts, model: StoredModel) {
  const { architecture, parameters, quantization, size } = model.config;
  const window = contextWindow(parts, model);
  return {
    id: modelName(model),
    object: "model",
    created: model.created,
    owned_by: "docker",
    dmr: {
      ...(window === undefined ? {} : { context_window: window }),
      architecture,
      parameters,
      quantization,
      size,
    },
  };
}

export function listModels(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return async () => {
    try {
      const data = (await parts.store.list()).map((model) => modelBody(parts, model));
      return Response.json({ object: "list", data });
    } catch (error) {
      return openAIErrorResponse(error);
    }
  };
}

export function oneModel(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    try {
      return Response.json(modelBody(parts, await requestedModel(parts, c.req.param("name") ?? "")));
    } catch (error) {
      return openAIErrorResponse(error);
    }
  };
}
