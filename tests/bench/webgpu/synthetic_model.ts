/**
 * Models of a real one's shape with weights that mean nothing, written here: weights don't travel, and for speed
 * their values do not matter. Q4_0, norms F32; llama.cpp loads them as Llama models.
 */
import { tensorBytes, tensorType } from "../../../inference/gguf/tensor_types.ts";
import { f32, i32s, type PlainTensor, writeGguf } from "../../support/gguf_writer.ts";
import { part } from "../../support/parts.ts";
import { tinyTokenizer, tinyVocabularySize } from "../../support/tiny_model.ts";

export interface SyntheticShape {
  layers: number;
  width: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  vocabulary: number;
  tied: boolean;
}

/** Llama 3.2 1B and Llama 3.1 8B. */
export const syntheticShapes: Record<string, SyntheticShape> = {
  "1B": {
    layers: 16,
    width: 2048,
    hidden: 8192,
    heads: 32,
    kvHeads: 8,
    headSize: 64,
    vocabulary: 128_256,
    tied: true,
  },
  "8B": {
    layers: 32,
    width: 4096,
    hidden: 14_336,
    heads: 32,
    kvHeads: 8,
    headSize: 128,
    vocabulary: 128_256,
    tied: false,
  },
};

/** Path of such a model; written once (0.7 and 4.5 GB) and kept with the parts of tests. */
export async function syntheticModel(name: string): Promise<string> {
  const shape = syntheticShapes[name];
  if (!shape) {
    throw new Error(`There is no shape ${name}; there are ${Object.keys(syntheticShapes).join(", ")}`);
  }
  return await part(`synthetic/llama-${name}-Q4_0.gguf`, (target) => write(shape, target));
}

async function write(shape: SyntheticShape, path: string): Promise<void> {
  const list = tensors(shape);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const header = writeGguf({
    metadata: metadata(shape),
    tensors: list.map((tensor) => ({ ...tensor, data: "hole" as const })),
  });
  const all = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  };
  await all(header);
  const quantised = pattern();
  for (const { type, shape: dimensions } of list) {
    const bytes = tensorBytes(tensorType(type)!, dimensions.reduce((product, n) => product * n, 1));
    const data = type === "F32" ? new Uint8Array(new Float32Array(bytes / 4).fill(1).buffer) : quantised;
    for (let left = bytes; left > 0; left -= data.length) {
      await all(data.subarray(0, Math.min(left, data.length)));
    }
    await all(new Uint8Array((32 - bytes % 32) % 32));
  }
}

/** Blocks of Q4_0 with small scales and random nibbles, about a mebibyte of them. */
function pattern(): Uint8Array {
  const blocks = 58_254;
  const bytes = new Uint8Array(blocks * 18);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, bytes.length)));
  }
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) view.setUint16(block * 18, 0x1400, true); // 2^-10
  return bytes;
}

function metadata(shape: SyntheticShape) {
  const tokenizer = tinyTokenizer();
  const known = tokenizer["tokenizer.ggml.tokens"] as string[];
  const tokens = Array.from({ length: shape.vocabulary }, (_, i) => known[i] ?? `<unused${i}>`);
  return {
    "general.architecture": "llama",
    "general.name": "Synthetic",
    "llama.context_length": 8192,
    "llama.embedding_length": shape.width,
    "llama.block_count": shape.layers,
    "llama.feed_forward_length": shape.hidden,
    "llama.attention.head_count": shape.heads,
    "llama.attention.head_count_kv": shape.kvHeads,
    "llama.attention.key_length": shape.headSize,
    "llama.attention.value_length": shape.headSize,
    "llama.attention.layer_norm_rms_epsilon": f32(1e-5),
    "llama.rope.dimension_count": shape.headSize,
    "llama.rope.freq_base": f32(500_000),
    ...tokenizer,
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.token_type": i32s(tokens.map((_, i) => i < 3 ? 3 : i < tinyVocabularySize ? 1 : 5)),
  };
}

function tensors({ layers, width, hidden, heads, kvHeads, headSize, vocabulary, tied }: SyntheticShape) {
  const matrix = (name: string, columns: number, rows: number): PlainTensor => ({
    name: `${name}.weight`,
    type: "Q4_0",
    shape: [columns, rows],
  });
  const norm = (name: string): PlainTensor => ({ name: `${name}.weight`, type: "F32", shape: [width] });
  const layer = (b: string) => [
    norm(`${b}.attn_norm`),
    matrix(`${b}.attn_q`, width, heads * headSize),
    matrix(`${b}.attn_k`, width, kvHeads * headSize),
    matrix(`${b}.attn_v`, width, kvHeads * headSize),
    matrix(`${b}.attn_output`, heads * headSize, width),
    norm(`${b}.ffn_norm`),
    matrix(`${b}.ffn_gate`, width, hidden),
    matrix(`${b}.ffn_up`, width, hidden),
    matrix(`${b}.ffn_down`, hidden, width),
  ];
  return [
    matrix("token_embd", width, vocabulary),
    ...Array.from({ length: layers }, (_, i) => layer(`blk.${i}`)).flat(),
    norm("output_norm"),
    ...(tied ? [] : [matrix("output", width, vocabulary)]),
  ];
}
