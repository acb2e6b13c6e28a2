/** From the name in a request to a stored model. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { StoredModel } from "../../inference/store/model.ts";
import type { RouteParts } from "./parts.ts";

/** The model that an inference request names. Throws "not_found" in OpenAI's form; nothing is pulled. */
export async function requestedModel(parts: RouteParts, name: string): Promise<StoredModel> {
  const model = name === "" ? undefined : await parts.store.find(name);
  if (model) return model;
  throw new SkiffError("not_found", `The model \`${name}\` does not exist on this machine`, {
    hint: `Get it with \`skiff model pull ${name || "MODEL"}\`; \`skiff model ls\` shows what is here.`,
    details: { code: "model_not_found", param: "model" },
  });
}

/** For llama.cpp's own routes, whose clients name no model: the only loaded one. */
export async function namedOrLoadedModel(parts: RouteParts, name?: string | null): Promise<StoredModel> {
  if (name) return await requestedModel(parts, name);
  const loaded = new Map(parts.host.loaded().map(({ model }) => [model.id, model]));
  const [only] = loaded.values();
  if (loaded.size === 1) return only;
  throw new SkiffError("invalid_input", "Missing required parameter: 'model'.", {
    details: { param: "model", code: "missing_required_parameter" },
  });
}

/** The name that answers carry: the first tag, else the id. */
export function modelName(model: StoredModel): string {
  return model.tags[0] ?? model.id;
}

/** Which engine runs the model and on what, for response headers. */
export function engineHeaders(parts: RouteParts, model: StoredModel): Record<string, string> {
  const info = parts.host.loaded().find((loaded) => loaded.model.id === model.id && loaded.info)?.info;
  if (!info) return {};
  const ascii = (text: string) => text.replace(/[^\x20-\x7e]/g, "?");
  return { "skiff-engine": ascii(info.engine), "skiff-device": ascii(`${info.device}; ${info.reason}`) };
}

/** Tokens that a conversation may have: of the running model, else what its file says. */
export function contextWindow(parts: RouteParts, model: StoredModel): number | undefined {
  const running = parts.host.loaded().find((loaded) => loaded.model.id === model.id)?.info?.contextTokens;
  return running ?? model.config.context_size;
}
