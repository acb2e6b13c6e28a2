/** What the JSON files of an ONNX model say about texts: tokenizer, chat template, recommended sampling. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ChatFormat } from "../chat/format.ts";
import { type HubConfig, readConfig, readJson, taskOf } from "../onnx/config.ts";
import type { SamplingOptions } from "../sampling/options.ts";
import { openHubTokenizer } from "../tokenizer/hub/mod.ts";
import type { TokenizerJson } from "../tokenizer/hub/vocabulary.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { controlTexts } from "./open_model.ts";

export interface HubModel {
  tokenizer: Tokenizer;
  defaults: Partial<SamplingOptions>;
  /** Absent for models that do not write text. The path replaces the model's own template. */
  openChat?: (templatePath?: string) => Promise<ChatFormat>;
}

type Files = Record<string, string>;

/** Throws "unsupported" for files that are missing, "corrupt" for damaged ones, and what getting transformers.js throws. */
export async function openHubModel(files: Files): Promise<HubModel> {
  const [config, generation, settings, json] = await Promise.all([
    readConfig(files),
    readJson(files, "generation_config.json"),
    readJson(files, "tokenizer_config.json"),
    readJson(files, "tokenizer.json"),
  ]);
  if (json === undefined) throw new SkiffError("unsupported", "The ONNX model has no tokenizer.json");
  const { importTransformers } = await import("../engines/onnx/runtime.ts");
  const transformers = await importTransformers();
  const name = String(settings?.tokenizer_class ?? "").replace(/Fast$/, "");
  const named = (transformers as unknown as Record<string, typeof transformers.PreTrainedTokenizer>)[name];
  const Tokenizer = /Tokenizer$/.test(name) && named ? named : transformers.PreTrainedTokenizer;
  const tokenizer = openHubTokenizer({
    tokenizer: json as TokenizerJson,
    settings,
    ends: [...endTokens(generation?.eos_token_id), ...endTokens(config.eos_token_id)],
    vocabularySize: config.vocab_size ?? config.text_config?.vocab_size,
  }, (part) => new Tokenizer(part, settings ?? {}));
  const openChat = (path?: string) => openHubChat(files, { config, settings, tokenizer, path });
  return {
    tokenizer,
    defaults: recommendedSampling(generation),
    ...(taskOf(config) === "text" ? { openChat } : {}),
  };
}

function endTokens(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((token) => Number.isInteger(token));
}

async function openHubChat(
  files: Files,
  { config, settings, tokenizer, path }: {
    config: HubConfig;
    settings?: Record<string, any>;
    tokenizer: Tokenizer;
    path?: string;
  },
): Promise<ChatFormat> {
  const { openChatFormat } = await import("../chat/mod.ts");
  const { template, variants } = path
    ? { template: await Deno.readTextFile(path), variants: undefined }
    : await ownTemplates(files, settings);
  const textOf = (token: number | undefined) => token === undefined ? undefined : tokenizer.text(token);
  return openChatFormat({
    template,
    variants,
    bosText: textOf(tokenizer.special.bos),
    eosText: textOf(tokenizer.special.eos),
    architecture: config.model_type ?? "",
    controlTokens: controlTexts(tokenizer),
    tokenId: (text) => tokenizer.find(text),
  });
}

/** A file of its own, else the tokenizer's settings: one template, or several by name. */
async function ownTemplates(files: Files, settings: Record<string, any> = {}) {
  if (files["chat_template.jinja"]) {
    return { template: await Deno.readTextFile(files["chat_template.jinja"]) };
  }
  const own = (await readJson(files, "chat_template.json"))?.chat_template ?? settings.chat_template;
  if (!Array.isArray(own)) return { template: typeof own === "string" ? own : undefined };
  const named = own.filter(({ name, template }) => typeof name === "string" && typeof template === "string");
  const variants: Record<string, string> = Object.fromEntries(
    named.map(({ name, template }) => [name, template]),
  );
  return { template: variants.default ?? named[0]?.template, variants };
}

/** generation_config.json: what the model's makers recommend. */
function recommendedSampling(generation: Record<string, any> = {}): Partial<SamplingOptions> {
  if (generation.do_sample === false) return {};
  const keys: [string, keyof SamplingOptions][] = [
    ["temperature", "temperature"],
    ["top_k", "topK"],
    ["top_p", "topP"],
    ["min_p", "minP"],
    ["repetition_penalty", "repeatPenalty"],
  ];
  const found = keys.map(([key, option]) => [option, generation[key]]);
  return Object.fromEntries(found.filter(([, value]) => typeof value === "number"));
}
