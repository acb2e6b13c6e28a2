/**
 * Tiny models with random weights of every architecture that the WebGPU engine computes, with the metadata
 * that real files have: head sizes that are not the width by the heads, windows shorter than the texts of the
 * tests, factors of rotation, soft-caps, sinks, experts. llama.cpp loads them. Equal options, equal bytes.
 */
import type { TensorTypeName } from "../../inference/gguf/tensor_types.ts";
import { f32, type PlainTensor, type PlainValue, writeGguf } from "./gguf_writer.ts";
import { part } from "./parts.ts";
import { gaussian, tinyTokenizer, tinyVocabularySize } from "./tiny_model.ts";

/** The shape of a tiny model; E = width, F = hidden width, D = head size. */
interface Shape {
  layers: number;
  width: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  experts?: number;
  expertsUsed?: number;
}

interface Recipe extends Shape {
  architecture: string;
  /** Keys after the architecture's name. */
  keys: Record<string, PlainValue>;
  /** What the architecture has besides the matrices of all. */
  qkvBias?: boolean;
  outputBias?: boolean;
  headNorms?: boolean;
  postNorms?: boolean;
  sinks?: boolean;
  fusedQkv?: boolean;
  fusedGateUp?: boolean;
  expertBias?: boolean;
  tied?: boolean;
  /** Factors of rotation by tensor name. */
  factors?: string[];
}

const base = { layers: 2, width: 128, hidden: 192, heads: 4, kvHeads: 2, headSize: 64 };

/** By a name that is the architecture's, or says what is special. */
const recipes: Record<string, Recipe> = {
  llama: { ...base, architecture: "llama", keys: {} },
  "llama with 3.1 factors": {
    ...base,
    architecture: "llama",
    keys: { "rope.freq_base": f32(500000) },
    factors: ["rope_freqs.weight"],
    tied: true,
  },
  "llama with linear scaling": {
    ...base,
    architecture: "llama",
    keys: { "rope.scaling.type": "linear", "rope.scaling.factor": f32(4) },
  },
  "llama with yarn": {
    ...base,
    architecture: "llama",
    keys: {
      "rope.scaling.type": "yarn",
      "rope.scaling.factor": f32(4),
      "rope.scaling.original_context_length": 64,
    },
  },
  "llama with heads of 80": { ...base, architecture: "llama", keys: {}, kvHeads: 1, headSize: 80 },
  qwen2: {
    ...base,
    architecture: "qwen2",
    keys: { "rope.freq_base": f32(1e6) },
    heads: 2,
    kvHeads: 1,
    qkvBias: true,
    tied: true,
  },
  qwen3: {
    ...base,
    architecture: "qwen3",
    headSize: 128,
    keys: { "rope.freq_base": f32(1e6) },
    headNorms: true,
  },
  qwen3moe: {
    ...base,
    architecture: "qwen3moe",
    hidden: 96,
    experts: 8,
    expertsUsed: 3,
    keys: { "expert_feed_forward_length": 96 },
    headNorms: true,
  },
  gemma2: {
    ...base,
    architecture: "gemma2",
    headSize: 256,
    keys: {
      "attention.sliding_window": 16,
      "attn_logit_softcapping": f32(5),
      "final_logit_softcapping": f32(3),
    },
    postNorms: true,
    tied: true,
  },
  gemma3: {
    ...base,
    architecture: "gemma3",
    layers: 6,
    kvHeads: 1,
    headSize: 64,
    keys: {
      "attention.sliding_window": 16,
      "rope.freq_base": f32(1e6),
      "rope.scaling.type": "linear",
      "rope.scaling.factor": f32(8),
    },
    headNorms: true,
    postNorms: true,
    tied: true,
  },
  phi3: {
    ...base,
    architecture: "phi3",
    headSize: 96,
    kvHeads: 4,
    width: 384,
    keys: {
      "attention.sliding_window": 32,
      "rope.dimension_count": 64,
      "rope.scaling.original_context_length": 64,
      "rope.scaling.attn_factor": f32(1.19),
    },
    factors: ["rope_factors_long.weight", "rope_factors_short.weight"],
    fusedQkv: true,
    fusedGateUp: true,
  },
  granite: {
    ...base,
    architecture: "granite",
    keys: {
      "embedding_scale": f32(12),
      "residual_scale": f32(0.22),
      "attention.scale": f32(0.0156),
      "logit_scale": f32(8),
    },
    tied: true,
  },
  smollm3: { ...base, architecture: "smollm3", layers: 4, keys: { "rope.freq_base": f32(5e6) }, tied: true },
  "gpt-oss": {
    ...base,
    architecture: "gpt-oss",
    hidden: 96,
    experts: 4,
    expertsUsed: 2,
    keys: {
      "expert_feed_forward_length": 96,
      "attention.sliding_window": 16,
      "rope.freq_base": f32(150000),
      "rope.scaling.type": "yarn",
      "rope.scaling.factor": f32(32),
      "rope.scaling.original_context_length": 4096,
    },
    qkvBias: true,
    outputBias: true,
    expertBias: true,
    sinks: true,
  },
};

export const tinyArchitectures: readonly string[] = Object.keys(recipes);

export interface TinyArchitectureOptions {
  /** Of the matrices; norms, biases and routers are F32. @default "F32" */
  type?: "F32" | "F16" | "BF16";
  /** Width, and twice that hidden, where blocks of 256 are wanted. */
  width?: number;
  /** @default 1 */
  seed?: number;
  /** Keys that are to be wrong, or otherwise. */
  keys?: Record<string, PlainValue>;
  /** What the file says that it is. */
  architecture?: string;
}

/** Path of the tiny model of that name (`tinyArchitectures`), made on first use. */
export async function tinyArchitecture(name: string, options: TinyArchitectureOptions = {}): Promise<string> {
  const bytes = tinyArchitectureBytes(name, options);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 12);
  return await part(
    `tiny/${name.replaceAll(" ", "-")}-${digest}.gguf`,
    (target) => Deno.writeFile(target, bytes),
  );
}

/** Such a model as the bytes of its file. */
export function tinyArchitectureBytes(
  name: string,
  { type = "F32", width, seed = 1, keys = {}, architecture }: TinyArchitectureOptions = {},
): Uint8Array<ArrayBuffer> {
  const found = recipes[name];
  if (!found) throw new Error(`There is no tiny ${name}`);
  const sized = width === undefined ? found : scaled(found, width);
  const recipe = {
    ...sized,
    keys: { ...sized.keys, ...keys },
    architecture: architecture ?? sized.architecture,
  };
  return writeGguf({
    metadata: { ...metadata(recipe), ...tinyTokenizer() },
    tensors: tensors(sized, type, seed),
  });
}

/** Another width; heads of qwen2 and gpt-oss's experts follow it. */
function scaled(recipe: Recipe, width: number): Recipe {
  const hidden = recipe.experts ? width : width * 2;
  const keys = recipe.experts ? { ...recipe.keys, expert_feed_forward_length: hidden } : recipe.keys;
  const heads = recipe.architecture === "qwen2" ? { heads: width / 64, kvHeads: 2 } : {};
  return { ...recipe, ...heads, width, hidden, keys };
}

function metadata(recipe: Recipe): Record<string, PlainValue> {
  const keys: Record<string, PlainValue> = {
    context_length: 512,
    embedding_length: recipe.width,
    block_count: recipe.layers,
    feed_forward_length: recipe.hidden,
    "attention.head_count": recipe.heads,
    "attention.head_count_kv": recipe.kvHeads,
    "attention.key_length": recipe.headSize,
    "attention.value_length": recipe.headSize,
    "attention.layer_norm_rms_epsilon": f32(1e-6),
    "rope.dimension_count": recipe.headSize,
    "rope.freq_base": f32(10000),
    ...(recipe.experts ? { expert_count: recipe.experts, expert_used_count: recipe.expertsUsed! } : {}),
    ...recipe.keys,
  };
  const named = Object.entries(keys).map(([key, value]) => [`${recipe.architecture}.${key}`, value]);
  return {
    "general.architecture": recipe.architecture,
    "general.name": "Tiny", // "phi3" in a name would make llama.cpp look for Phi-3's tokens
    ...Object.fromEntries(named),
  };
}

function tensors(recipe: Recipe, type: "F32" | "F16" | "BF16", seed: number): PlainTensor[] {
  const random = gaussian(seed);
  const tensor = (name: string, shape: number[], mean: number, deviation: number, of: TensorTypeName) => {
    const length = shape.reduce((product, n) => product * n, 1);
    const values = Float32Array.from({ length }, () => mean + random() * deviation);
    return { name, type: of, shape, data: encode(values, of) };
  };
  const matrix = (name: string, columns: number, rows: number, count?: number) =>
    tensor(
      `${name}.weight`,
      count ? [columns, rows, count] : [columns, rows],
      0,
      1 / Math.sqrt(columns),
      type,
    );
  const norm = (name: string, length: number) => tensor(`${name}.weight`, [length], 1, 0.1, "F32");
  const bias = (name: string, ...shape: number[]) => tensor(`${name}.bias`, shape, 0, 0.1, "F32");
  const { width, headSize, heads, kvHeads } = recipe;

  const attention = (b: string): PlainTensor[] => {
    const list = [norm(`${b}.attn_norm`, width)];
    const sizes = { attn_q: heads * headSize, attn_k: kvHeads * headSize, attn_v: kvHeads * headSize };
    if (recipe.fusedQkv) list.push(matrix(`${b}.attn_qkv`, width, (heads + 2 * kvHeads) * headSize));
    else for (const [name, rows] of Object.entries(sizes)) list.push(matrix(`${b}.${name}`, width, rows));
    if (recipe.qkvBias) {
      for (const [name, rows] of Object.entries(sizes)) list.push(bias(`${b}.${name}`, rows));
    }
    if (recipe.headNorms) list.push(norm(`${b}.attn_q_norm`, headSize), norm(`${b}.attn_k_norm`, headSize));
    if (recipe.sinks) list.push(tensor(`${b}.attn_sinks.weight`, [heads], 0, 1, "F32"));
    list.push(matrix(`${b}.attn_output`, heads * headSize, width));
    if (recipe.outputBias) list.push(bias(`${b}.attn_output`, width));
    return list;
  };
  const feedForward = (b: string): PlainTensor[] => {
    const { hidden } = recipe;
    const list: PlainTensor[] = [];
    // gpt-oss calls the norm before its experts by the name of the one after attention
    if (recipe.architecture === "gpt-oss") list.push(norm(`${b}.post_attention_norm`, width));
    else list.push(norm(`${b}.ffn_norm`, width));
    if (recipe.postNorms) {
      list.push(norm(`${b}.post_attention_norm`, width), norm(`${b}.post_ffw_norm`, width));
    }
    if (recipe.experts) return [...list, ...expertTensors(b, recipe.experts)];
    if (recipe.fusedGateUp) list.push(matrix(`${b}.ffn_up`, width, hidden * 2));
    else list.push(matrix(`${b}.ffn_gate`, width, hidden), matrix(`${b}.ffn_up`, width, hidden));
    return [...list, matrix(`${b}.ffn_down`, hidden, width)];
  };
  const expertTensors = (b: string, experts: number): PlainTensor[] => {
    const { hidden, expertBias } = recipe;
    const list = [
      tensor(`${b}.ffn_gate_inp.weight`, [width, experts], 0, 2 / Math.sqrt(width), "F32"),
      matrix(`${b}.ffn_gate_exps`, width, hidden, experts),
      matrix(`${b}.ffn_up_exps`, width, hidden, experts),
      matrix(`${b}.ffn_down_exps`, hidden, width, experts),
    ];
    if (expertBias) {
      list.push(bias(`${b}.ffn_gate_inp`, experts), bias(`${b}.ffn_gate_exps`, hidden, experts));
      list.push(bias(`${b}.ffn_up_exps`, hidden, experts), bias(`${b}.ffn_down_exps`, width, experts));
    }
    return list;
  };
  const rotated = Number((recipe.keys["rope.dimension_count"] as number | undefined) ?? headSize);
  return [
    tensor("token_embd.weight", [width, tinyVocabularySize], 0, recipe.tied ? 2 / Math.sqrt(width) : 1, type),
    ...(recipe.factors ?? []).map((name) => ({
      name,
      type: "F32" as const,
      shape: [rotated / 2],
      data: encode(Float32Array.from({ length: rotated / 2 }, (_, i) => 1 + (i * i) / rotated), "F32"),
    })),
    ...Array.from({ length: recipe.layers }, (_, i) => [
      ...attention(`blk.${i}`),
      ...feedForward(`blk.${i}`),
    ]).flat(),
    norm("output_norm", width),
    ...(recipe.tied
      ? []
      : [tensor("output.weight", [width, tinyVocabularySize], 0, 2 / Math.sqrt(width), type)]),
  ];
}

/** BF16 is the upper half of F32, rounded to even. */
function encode(values: Float32Array<ArrayBuffer>, type: TensorTypeName): Uint8Array {
  if (type === "F16") return new Uint8Array(Float16Array.from(values).buffer);
  if (type !== "BF16") return new Uint8Array(values.buffer);
  const bits = new Uint32Array(values.buffer);
  return new Uint8Array(Uint16Array.from(bits, (bit) => (bit + 0x7fff + (bit >>> 16 & 1)) >>> 16).buffer);
}
