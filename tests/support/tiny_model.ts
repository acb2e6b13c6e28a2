/**
 * Tiny models with random weights that llama.cpp can load: two layers, 64 dimensions, a byte-level BPE
 * vocabulary of 300 tokens and a ChatML template. The same options give the same bytes. What they generate
 * is noise, but always the same noise, and it ends now and then.
 */
import type { TensorTypeName } from "../../inference/gguf/tensor_types.ts";
import { f32, i32s, type PlainTensor, type PlainValue, Typed, writeGguf } from "./gguf_writer.ts";
import { seeded } from "./mutations.ts";
import { part } from "./parts.ts";

export interface TinyModelOptions {
  /** @default "llama" */
  architecture?: "llama" | "qwen2" | "qwen3" | "gemma3";
  /** Type of the matrices; norms and biases are F32. @default "F32" */
  type?: "F32" | "F16";
  /** @default 2 */
  layers?: number;
  /** A multiple of 32. @default 64 */
  dimensions?: number;
  /** Positions. @default 512 */
  contextLength?: number;
  /** @default 1 */
  seed?: number;
}

export const tinySpecialTokens = { endOfText: 0, imStart: 1, imEnd: 2 } as const;

/** Path of such a model, made on first use and kept with the other parts. */
export async function tinyModel(options: TinyModelOptions = {}): Promise<string> {
  const bytes = tinyModelBytes(options);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 12);
  const name = `tiny-${options.architecture ?? "llama"}-${options.type ?? "F32"}-${digest}.gguf`;
  return await part(`tiny/${name}`, (target) => Deno.writeFile(target, bytes));
}

/** Such a model as the bytes of its file. */
export function tinyModelBytes(options: TinyModelOptions = {}): Uint8Array<ArrayBuffer> {
  const model = complete(options);
  return writeGguf({ metadata: metadataOf(model), tensors: tensors(model) });
}

/** The same model split into two files, as the bytes of each. */
export function tinyModelShards(options: TinyModelOptions = {}): Uint8Array<ArrayBuffer>[] {
  const model = complete(options);
  const all = tensors(model);
  const half = all.length >> 1;
  return [all.slice(0, half), all.slice(half)].map((shard, i) =>
    writeGguf({
      metadata: {
        ...(i === 0 ? metadataOf(model) : {}),
        "split.no": new Typed("u16", i),
        "split.count": new Typed("u16", 2),
        "split.tensors.count": new Typed("i32", all.length),
      },
      tensors: shard,
    })
  );
}

function complete(options: TinyModelOptions): Required<TinyModelOptions> {
  const whole = {
    architecture: "llama",
    type: "F32",
    layers: 2,
    dimensions: 64,
    contextLength: 512,
    seed: 1,
  } as const;
  return { ...whole, ...options };
}

function metadataOf(model: Required<TinyModelOptions>): Record<string, PlainValue> {
  return { ...hyperparameters(model), ...tinyTokenizer() };
}

const heads = 4;
const kvHeads = 2;

function hyperparameters(
  { architecture, type, layers, dimensions, contextLength }: Required<TinyModelOptions>,
) {
  const keys: Record<string, PlainValue> = {
    context_length: contextLength,
    embedding_length: dimensions,
    block_count: layers,
    feed_forward_length: dimensions * 2,
    "attention.head_count": heads,
    "attention.head_count_kv": kvHeads,
    "attention.key_length": dimensions / heads,
    "attention.value_length": dimensions / heads,
    "attention.layer_norm_rms_epsilon": f32(1e-6),
    "rope.dimension_count": dimensions / heads,
    "rope.freq_base": f32(10000),
  };
  if (architecture === "gemma3") keys["attention.sliding_window"] = 64;
  return {
    "general.architecture": architecture,
    "general.name": `Tiny ${architecture}`,
    "general.file_type": type === "F16" ? 1 : 0,
    ...Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value])),
  };
}

/** Pairs of byte characters that become tokens of their own, most frequent first; "Ġ" is the space. */
const merges = [
  "Ġ t",
  "h e",
  "Ġ a",
  "i n",
  "r e",
  "o n",
  "Ġt he",
  "e r",
  "Ġ s",
  "a t",
  "Ġ w",
  "Ġ o",
  "e n",
  "Ġ c",
  "i t",
  "i s",
  "a n",
  "o r",
  "e s",
  "Ġ b",
  "e d",
  "Ġ f",
  "in g",
  "Ġ p",
  "o u",
  "Ġa n",
  "a l",
  "a r",
  "Ġt o",
  "Ġ m",
  "Ġo f",
  "Ġ in",
  "Ġ d",
  "Ġ h",
  "Ġan d",
  "l l",
  "he ll",
  "hell o",
  "w or",
  "wor l",
  "worl d",
];

const chatTemplate = "{% for message in messages %}" +
  "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Metadata of the vocabulary: 300 tokens, three of them control tokens. */
export function tinyTokenizer(): Record<string, PlainValue> {
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const tokens = [...special, ...byteCharacters(), ...merges.map((pair) => pair.replace(" ", ""))];
  const { endOfText, imEnd } = tinySpecialTokens;
  return {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "gpt-2",
    "tokenizer.ggml.tokens": tokens,
    // 3 = control, 1 = normal
    "tokenizer.ggml.token_type": i32s(tokens.map((_, i) => i < special.length ? 3 : 1)),
    "tokenizer.ggml.merges": merges,
    "tokenizer.ggml.bos_token_id": endOfText,
    "tokenizer.ggml.eos_token_id": imEnd,
    "tokenizer.ggml.padding_token_id": endOfText,
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.chat_template": chatTemplate,
  };
}

/** GPT-2's visible character for each byte, by byte: itself where it is printable, else from U+0100 on. */
function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = byte >= 0x21 && byte <= 0x7e || byte >= 0xa1 && byte <= 0xac || byte >= 0xae;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

export const tinyVocabularySize = 3 + 256 + merges.length;

function tensors(
  { architecture, type, layers, dimensions: d, seed }: Required<TinyModelOptions>,
): PlainTensor[] {
  const random = gaussian(seed);
  const matrix = (
    name: string,
    columns: number,
    rows: number,
    deviation = 1 / Math.sqrt(columns),
  ): PlainTensor => {
    const values = Float32Array.from({ length: columns * rows }, () => random() * deviation);
    return { name, type, shape: [columns, rows], data: encode(values, type) };
  };
  const vector = (name: string, length: number, mean: number): PlainTensor => {
    const values = Float32Array.from({ length }, () => mean + random() * 0.1);
    return { name, type: "F32", shape: [length], data: encode(values, "F32") };
  };
  const head = d / heads;
  const layer = (i: number): PlainTensor[] => {
    const b = `blk.${i}`;
    const list = [
      vector(`${b}.attn_norm.weight`, d, 1),
      matrix(`${b}.attn_q.weight`, d, d),
      matrix(`${b}.attn_k.weight`, d, head * kvHeads),
      matrix(`${b}.attn_v.weight`, d, head * kvHeads),
      matrix(`${b}.attn_output.weight`, d, d),
      vector(`${b}.ffn_norm.weight`, d, 1),
      matrix(`${b}.ffn_gate.weight`, d, d * 2),
      matrix(`${b}.ffn_up.weight`, d, d * 2),
      matrix(`${b}.ffn_down.weight`, d * 2, d),
    ];
    if (architecture === "qwen2") {
      list.push(vector(`${b}.attn_q.bias`, d, 0));
      list.push(vector(`${b}.attn_k.bias`, head * kvHeads, 0), vector(`${b}.attn_v.bias`, head * kvHeads, 0));
    }
    if (architecture === "qwen3" || architecture === "gemma3") {
      list.push(vector(`${b}.attn_q_norm.weight`, head, 1), vector(`${b}.attn_k_norm.weight`, head, 1));
    }
    if (architecture === "gemma3") {
      list.push(vector(`${b}.post_attention_norm.weight`, d, 1), vector(`${b}.post_ffw_norm.weight`, d, 1));
    }
    return list;
  };
  return [
    matrix("token_embd.weight", d, tinyVocabularySize, 1),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    vector("output_norm.weight", d, 1),
    // Logits with a deviation of about 2: neither flat nor certain.
    matrix("output.weight", d, tinyVocabularySize, 2 / Math.sqrt(d)),
  ];
}

/** Normally distributed numbers, mean 0, deviation 1 (Box-Muller). */
export function gaussian(seed: number): () => number {
  const next = seeded(seed);
  const uniform = () => (next(2 ** 24) + 1) / (2 ** 24 + 1);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function encode(values: Float32Array<ArrayBuffer>, type: TensorTypeName): Uint8Array {
  return new Uint8Array(type === "F16" ? Float16Array.from(values).buffer : values.buffer);
}
