/** A tiny BERT with random weights and a WordPiece vocabulary of letters: an encoder, which only embeds. */
import { f32, i32s, type PlainTensor, writeGguf } from "./gguf_writer.ts";
import { part } from "./parts.ts";
import { gaussian } from "./tiny_model.ts";

const dimensions = 64;
const layers = 2;
const positions = 128;
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const letters = [..."abcdefghijklmnopqrstuvwxyz"];
/** A word's beginning is marked in GGUF files, not its continuation. */
const tokens = [...special, ...letters.map((letter) => `\u2581${letter}`), ...letters];

export const tinyEncoderDimensions = dimensions;

/** Path of the model's file. */
export async function tinyEncoder(): Promise<string> {
  return await part("tiny/tiny-bert-1.gguf", (target) => Deno.writeFile(target, encoderBytes(tensors())));
}

/** The same with a head that scores pairs: a cross-encoder. */
export async function tinyReranker(): Promise<string> {
  const all = rerankerTensors();
  return await part(
    "tiny/tiny-reranker-1.gguf",
    (target) => Deno.writeFile(target, encoderBytes(all, 4)),
  );
}

export const tinyEncoderShape = { dimensions, layers, positions, heads: 4, tokens, special };

/** The reranker's weights by name. */
export function rerankerTensors(): PlainTensor[] {
  const random = gaussian(2);
  const floats = (name: string, shape: number[], deviation: number): PlainTensor => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => random() * deviation);
    return { name, type: "F32", shape, data: new Uint8Array(values.buffer) };
  };
  return [
    ...tensors(),
    floats("cls.weight", [dimensions, dimensions], 1 / Math.sqrt(dimensions)),
    floats("cls.bias", [dimensions], 0.1),
    floats("cls.output.weight", [dimensions, 1], 0.5),
    floats("cls.output.bias", [1], 0.1),
  ];
}

function encoderBytes(all: PlainTensor[], pooling = 1): Uint8Array<ArrayBuffer> {
  const metadata = {
    "general.architecture": "bert",
    "general.name": "Tiny bert",
    "general.file_type": 0,
    "bert.context_length": positions,
    "bert.embedding_length": dimensions,
    "bert.block_count": layers,
    "bert.feed_forward_length": dimensions * 2,
    "bert.attention.head_count": 4,
    "bert.attention.layer_norm_epsilon": f32(1e-12),
    "bert.attention.causal": false,
    "bert.pooling_type": pooling,
    "tokenizer.ggml.model": "bert",
    "tokenizer.ggml.pre": "default",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.token_type": i32s(tokens.map((_, i) => i < special.length ? 3 : 1)),
    "tokenizer.ggml.token_type_count": 2,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.unknown_token_id": 1,
    "tokenizer.ggml.bos_token_id": 2,
    "tokenizer.ggml.cls_token_id": 2,
    "tokenizer.ggml.eos_token_id": 3,
    "tokenizer.ggml.seperator_token_id": 3,
    "tokenizer.ggml.mask_token_id": 4,
  };
  return writeGguf({ metadata, tensors: all });
}

function tensors(): PlainTensor[] {
  const random = gaussian(1);
  const tensor = (name: string, shape: number[], mean: number, deviation: number): PlainTensor => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => mean + random() * deviation);
    return { name, type: "F32", shape, data: new Uint8Array(values.buffer) };
  };
  const linear = (name: string, columns: number, rows: number) => [
    tensor(`${name}.weight`, [columns, rows], 0, 1 / Math.sqrt(columns)),
    tensor(`${name}.bias`, [rows], 0, 0.1),
  ];
  const norm = (name: string) => [
    tensor(`${name}.weight`, [dimensions], 1, 0.1),
    tensor(`${name}.bias`, [dimensions], 0, 0.1),
  ];
  const layer = (i: number) => [
    ...["attn_q", "attn_k", "attn_v", "attn_output"].flatMap((name) =>
      linear(`blk.${i}.${name}`, dimensions, dimensions)
    ),
    ...norm(`blk.${i}.attn_output_norm`),
    ...linear(`blk.${i}.ffn_up`, dimensions, dimensions * 2),
    ...linear(`blk.${i}.ffn_down`, dimensions * 2, dimensions),
    ...norm(`blk.${i}.layer_output_norm`),
  ];
  return [
    tensor("token_embd.weight", [dimensions, tokens.length], 0, 1),
    tensor("token_types.weight", [dimensions, 2], 0, 0.1),
    tensor("position_embd.weight", [dimensions, positions], 0, 0.1),
    ...norm("token_embd_norm"),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
  ];
}
