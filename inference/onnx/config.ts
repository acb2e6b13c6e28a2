/** What the JSON files of an ONNX model say about it. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { Pooling } from "../engines/engine.ts";

/** config.json, as far as skiff reads it. */
export interface HubConfig {
  model_type?: string;
  architectures?: string[];
  vocab_size?: number;
  hidden_size?: number;
  n_embd?: number;
  d_model?: number;
  max_position_embeddings?: number;
  n_positions?: number;
  n_ctx?: number;
  eos_token_id?: number | number[] | null;
  is_encoder_decoder?: boolean;
  text_config?: HubConfig;
  id2label?: Record<string, string>;
  [key: string]: unknown;
}

/** What a model does, by the class that its config names. */
export type OnnxTask = "text" | "vectors" | "scores";

/** A JSON file of the model. Undefined when it is not there; throws "corrupt" when it is no JSON object. */
export async function readJson(
  files: Record<string, string>,
  name: string,
): Promise<Record<string, any> | undefined> {
  const path = files[name];
  if (path === undefined) return undefined;
  const text = await Deno.readTextFile(path);
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // told below
  }
  throw new SkiffError("corrupt", `Cannot read ${name} of the model: it is no JSON object`, {
    hint: "Remove the model and pull it again.",
    details: { path },
  });
}

/** config.json; throws "unsupported" without one. */
export async function readConfig(files: Record<string, string>): Promise<HubConfig> {
  const config = await readJson(files, "config.json");
  if (config) return config;
  throw new SkiffError("unsupported", "Cannot use the ONNX model: it has no config.json", {
    hint: "It lies beside the folder onnx/ where the model was published.",
  });
}

/** A model with a class for sequences of classes scores pairs, one with a head over the vocabulary writes. */
export function taskOf({ architectures = [] }: HubConfig): OnnxTask {
  if (architectures.some((name) => /ForSequenceClassification$/.test(name))) return "scores";
  if (architectures.some((name) => /(ForCausalLM|LMHeadModel|ForConditionalGeneration)$/.test(name))) {
    return "text";
  }
  return "vectors";
}

/** Positions that the model was trained for. */
export function trainedContext(config: HubConfig): number | undefined {
  const of = (part: HubConfig) => part.max_position_embeddings ?? part.n_positions ?? part.n_ctx;
  const positions = of(config) ?? (config.text_config && of(config.text_config));
  // RoBERTa's positions begin after the padding token's
  const offset = /^(xlm-)?roberta|camembert|mpnet/.test(config.model_type ?? "") ? 2 : 0;
  return positions === undefined ? undefined : positions - offset;
}

export function embeddingLength(config: HubConfig): number {
  const of = (part: HubConfig) => part.hidden_size ?? part.n_embd ?? part.d_model;
  return of(config) ?? (config.text_config && of(config.text_config)) ?? 0;
}

/** How sentence-transformers pools the vectors of the tokens (`1_Pooling/config.json`). */
export function poolingOf(pooling: Record<string, any> | undefined, task: OnnxTask): Pooling {
  if (task === "scores") return "rank";
  if (pooling?.pooling_mode_cls_token) return "cls";
  if (pooling?.pooling_mode_lasttoken) return "last";
  if (pooling?.pooling_mode_mean_tokens) return "mean";
  return task === "text" ? "last" : "mean";
}

/** Bytes of the keys and values of one position, as float32. */
export function kvBytesPerToken(config: HubConfig): number {
  const { text_config: text = config } = config;
  const number = (...names: string[]) =>
    names.map((name) => text[name]).find((value): value is number => typeof value === "number");
  const layers = number("num_hidden_layers", "n_layer", "num_layers") ?? 0;
  const heads = number("num_attention_heads", "n_head", "num_heads") ?? 1;
  const width = number("head_dim") ?? embeddingLength(config) / heads;
  return layers * (number("num_key_value_heads") ?? heads) * width * 2 * 4;
}
