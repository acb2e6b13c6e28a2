/**
 * An ONNX model out of a GGUF file of the llama architecture, in the layout of transformers.js: the same weights
 * for two engines that have nothing else in common. Weights lie in external data.
 */
import { findTensor, type Gguf, openGguf, readTensor, type StringArray } from "../../inference/gguf/mod.ts";
import { OnnxGraph } from "./onnx_writer.ts";
import { part } from "./parts.ts";

interface Shape {
  layers: number;
  /** E. */
  width: number;
  /** H query heads, K of keys and values, D elements each. */
  heads: number;
  kvHeads: number;
  headWidth: number;
  positions: number;
  vocabulary: number;
  epsilon: number;
  ropeBase: number;
}

/** Folder of the model made from the file at `path`; kept with the other parts under `name`. */
export async function llamaOnnx(name: string, path: string): Promise<string> {
  return await part(`onnx/${name}-1`, async (target) => {
    const gguf = await openGguf(path);
    const shape = shapeOf(gguf);
    await Deno.mkdir(`${target}/onnx`, { recursive: true });
    const { graph, data } = (await decoder(gguf, shape)).write("model.onnx_data");
    await Deno.writeFile(`${target}/onnx/model.onnx`, graph);
    await Deno.writeFile(`${target}/onnx/model.onnx_data`, ReadableStream.from(data));
    const json = (file: string, value: unknown) =>
      Deno.writeTextFile(`${target}/${file}`, JSON.stringify(value));
    await json("config.json", configOf(gguf, shape));
    await json("tokenizer.json", tokenizerOf(gguf));
    await json("tokenizer_config.json", {
      tokenizer_class: "GPT2Tokenizer",
      chat_template: gguf.metadata.string("tokenizer.chat_template"),
      eos_token: tokensOf(gguf)[gguf.metadata.number("tokenizer.ggml.eos_token_id")!],
      bos_token: tokensOf(gguf)[gguf.metadata.number("tokenizer.ggml.bos_token_id")!],
    });
  });
}

function shapeOf({ metadata, tensors }: Gguf): Shape {
  const number = (key: string) => metadata.number(`llama.${key}`)!;
  const width = number("embedding_length");
  const heads = number("attention.head_count");
  return {
    layers: number("block_count"),
    width,
    heads,
    kvHeads: number("attention.head_count_kv"),
    headWidth: width / heads,
    positions: Math.min(number("context_length"), 2048),
    vocabulary: tensors.find(({ name }) => name === "token_embd.weight")!.shape[1],
    epsilon: number("attention.layer_norm_rms_epsilon"),
    ropeBase: number("rope.freq_base") ?? 10_000,
  };
}

/** Inputs and outputs as optimum exports them. B sequences, N new tokens, P positions before, T = P + N. */
async function decoder(gguf: Gguf, shape: Shape): Promise<OnnxGraph> {
  const { layers, width, heads, kvHeads, headWidth, vocabulary } = shape;
  const graph = new OnnxGraph();
  const weights = (name: string, rows?: number[]) => transposed(gguf, name, rows);
  graph.inputs.push(
    { name: "input_ids", type: "int64", dims: ["batch_size", "sequence_length"] },
    { name: "attention_mask", type: "int64", dims: ["batch_size", "total_sequence_length"] },
    { name: "position_ids", type: "int64", dims: ["batch_size", "sequence_length"] },
  );
  const cache = ["batch_size", kvHeads, "past_sequence_length", headWidth];
  const embedding = graph.floats("embedding", [vocabulary, width], await floats(gguf, "token_embd.weight"));
  let x = graph.op("Gather", [embedding, "input_ids"]);
  const bias = maskOf(graph);
  const rotation = rotationOf(graph, shape);
  const matrix = async (tensor: string, rows: number, columns: number, order?: number[]) =>
    graph.floats(tensor, [columns, rows], await weights(tensor, order));
  const norm = async (value: string, tensor: string) => {
    const square = graph.op("ReduceMean", [graph.op("Mul", [value, value])], { axes: [-1], keepdims: 1 });
    const root = graph.op("Sqrt", [graph.op("Add", [square, graph.float(shape.epsilon)])]);
    const scale = graph.floats(tensor, [width], await floats(gguf, tensor));
    return graph.op("Mul", [graph.op("Div", [value, root]), scale]);
  };
  const split = (value: string, count: number) =>
    graph.op("Transpose", [graph.op("Reshape", [value, graph.ints([0, 0, count, headWidth])])], {
      perm: [0, 2, 1, 3],
    });
  /** [B, K, T, D] -> [B, H, T, D]: a head of keys serves several of queries. */
  const repeated = (value: string) => {
    const apart = graph.op("Unsqueeze", [value, graph.ints([2])]);
    const wide = graph.op("Expand", [apart, graph.ints([1, 1, heads / kvHeads, 1, 1])]);
    return graph.op("Reshape", [wide, graph.ints([0, heads, -1, headWidth])]);
  };
  for (let i = 0; i < layers; i++) {
    const b = `blk.${i}`;
    const h = await norm(x, `${b}.attn_norm.weight`);
    const project = async (tensor: string, count: number, order?: number[]) =>
      split(
        graph.op("MatMul", [h, await matrix(`${b}.${tensor}.weight`, count * headWidth, width, order)]),
        count,
      );
    const q = rotation(await project("attn_q", heads, halves(heads, headWidth)));
    const k = rotation(await project("attn_k", kvHeads, halves(kvHeads, headWidth)));
    const v = await project("attn_v", kvHeads);
    const all = ([["key", k], ["value", v]] as const).map(([kind, fresh]) => {
      const past = `past_key_values.${i}.${kind}`;
      graph.inputs.push({ name: past, type: "float", dims: cache });
      const joined = graph.name(graph.op("Concat", [past, fresh], { axis: 2 }), `present.${i}.${kind}`);
      graph.outputs.push({
        name: joined,
        type: "float",
        dims: ["batch_size", kvHeads, "total_sequence_length", headWidth],
      });
      return repeated(joined);
    });
    const keys = graph.op("Transpose", [all[0]], { perm: [0, 1, 3, 2] });
    const scores = graph.op("Mul", [graph.op("MatMul", [q, keys]), graph.float(1 / Math.sqrt(headWidth))]);
    const shares = graph.op("Softmax", [graph.op("Add", [scores, bias])], { axis: -1 });
    const mixed = graph.op("Transpose", [graph.op("MatMul", [shares, all[1]])], { perm: [0, 2, 1, 3] });
    const flat = graph.op("Reshape", [mixed, graph.ints([0, 0, width])]);
    const out = graph.op("MatMul", [flat, await matrix(`${b}.attn_output.weight`, width, width)]);
    x = graph.op("Add", [x, out]);
    const f = await norm(x, `${b}.ffn_norm.weight`);
    const inner = findTensor(gguf, `${b}.ffn_gate.weight`).shape[1];
    const gate = graph.op("MatMul", [f, await matrix(`${b}.ffn_gate.weight`, inner, width)]);
    const up = graph.op("MatMul", [f, await matrix(`${b}.ffn_up.weight`, inner, width)]);
    const gated = graph.op("Mul", [graph.op("Mul", [gate, graph.op("Sigmoid", [gate])]), up]);
    const down = graph.op("MatMul", [gated, await matrix(`${b}.ffn_down.weight`, width, inner)]);
    x = graph.op("Add", [x, down]);
  }
  x = await norm(x, "output_norm.weight");
  const tied = !gguf.tensors.some(({ name }) => name === "output.weight");
  const head = tied
    ? graph.op("Transpose", [embedding], { perm: [1, 0] })
    : await matrix("output.weight", vocabulary, width);
  graph.outputs.unshift({
    name: graph.name(graph.op("MatMul", [x, head]), "logits"),
    type: "float",
    dims: ["batch_size", "sequence_length", vocabulary],
  });
  return graph;
}

/** [B, 1, N, T]: 0 where a token may look, else far below any score. */
function maskOf(graph: OnnxGraph): string {
  const size = (value: string, axis: number) =>
    graph.op("Gather", [graph.op("Shape", [value]), graph.ints(axis)]);
  const total = size("attention_mask", 1);
  const past = graph.op("Sub", [total, size("input_ids", 1)]);
  const range = (from: string, to: string, axis: number) =>
    graph.op("Unsqueeze", [graph.op("Range", [from, to, graph.ints(1)]), graph.ints([axis])]);
  const before = graph.op("LessOrEqual", [range(graph.ints(0), total, 0), range(past, total, 1)]);
  const given = graph.op("Unsqueeze", ["attention_mask", graph.ints([1, 2])]);
  const both = graph.op("And", [before, graph.op("Cast", [given], { to: 9 })]);
  return graph.op("Where", [both, graph.float(0), graph.float(-1e9)]);
}

/** Rotates [B, heads, N, D] by each token's position, halves against each other (as in Hugging Face's Llama). */
function rotationOf(graph: OnnxGraph, { positions, headWidth, ropeBase }: Shape) {
  const table = (of: (angle: number) => number) =>
    Float32Array.from({ length: positions * headWidth }, (_, i) => {
      const pair = (i % headWidth) % (headWidth / 2);
      return of(Math.floor(i / headWidth) * ropeBase ** (-2 * pair / headWidth));
    });
  const of = (name: string, values: Float32Array) => {
    const all = graph.floats(name, [positions, headWidth], values);
    return graph.op("Unsqueeze", [graph.op("Gather", [all, "position_ids"]), graph.ints([1])]);
  };
  const cos = of("cos", table(Math.cos));
  const sin = of("sin", table(Math.sin));
  const half = headWidth / 2;
  const slice = (value: string, from: number, to: number) =>
    graph.op("Slice", [value, graph.ints([from]), graph.ints([to]), graph.ints([3])]);
  return (value: string) => {
    const low = slice(value, 0, half);
    const high = graph.op("Neg", [slice(value, half, headWidth)]);
    const turned = graph.op("Concat", [high, low], { axis: 3 });
    return graph.op("Add", [graph.op("Mul", [value, cos]), graph.op("Mul", [turned, sin])]);
  };
}

/** GGUF interleaves the halves of each query and key head; the row of the file for each row here. */
function halves(heads: number, width: number): number[] {
  return Array.from({ length: heads * width }, (_, row) => {
    const inside = row % width;
    const half = Math.floor(inside / (width / 2));
    return row - inside + 2 * (inside % (width / 2)) + half;
  });
}

/** A matrix [columns, rows] out of a tensor of rows, the rows in the order given. */
async function transposed(gguf: Gguf, name: string, order?: number[]): Promise<Float32Array> {
  const [columns, rows] = findTensor(gguf, name).shape;
  const values = await floats(gguf, name);
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const from = (order?.[row] ?? row) * columns;
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[from + column];
  }
  return out;
}

/** A tensor's values, by the formulas of ggml-quants.c. */
async function floats(gguf: Gguf, name: string): Promise<Float32Array> {
  const tensor = findTensor(gguf, name);
  const bytes = (await readTensor(tensor)).slice();
  const type = tensor.type.name;
  if (type === "F32") return new Float32Array(bytes.buffer);
  if (type === "F16") return Float32Array.from(new Float16Array(bytes.buffer));
  const view = new DataView(bytes.buffer);
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const out = new Float32Array(count);
  for (let block = 0; block < count / 32; block++) {
    if (type === "Q8_0") {
      const at = block * 34;
      const scale = view.getFloat16(at, true);
      for (let i = 0; i < 32; i++) out[block * 32 + i] = scale * view.getInt8(at + 2 + i);
    } else if (type === "Q4_1") {
      const at = block * 20;
      const scale = view.getFloat16(at, true);
      const least = view.getFloat16(at + 2, true);
      for (let i = 0; i < 16; i++) {
        const both = bytes[at + 4 + i];
        out[block * 32 + i] = scale * (both & 15) + least;
        out[block * 32 + 16 + i] = scale * (both >> 4) + least;
      }
    } else throw new Error(`${name} is ${type}`);
  }
  return out;
}

function configOf({ metadata }: Gguf, shape: Shape) {
  return {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    hidden_size: shape.width,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    head_dim: shape.headWidth,
    max_position_embeddings: shape.positions,
    vocab_size: shape.vocabulary,
    eos_token_id: metadata.number("tokenizer.ggml.eos_token_id"),
  };
}

const tokensOf = ({ metadata }: Gguf) => list(metadata.get("tokenizer.ggml.tokens"));
const list = (value: unknown) => [...value as StringArray];

function tokenizerOf(gguf: Gguf) {
  const tokens = tokensOf(gguf);
  const types = [...gguf.metadata.get("tokenizer.ggml.token_type") as ArrayLike<number> & Iterable<number>];
  const special = tokens.map((content, id) => ({ id, content })).filter(({ id }) => types[id] === 3);
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    normalizer: null,
    pre_tokenizer: gguf.metadata.string("tokenizer.ggml.pre") === "smollm"
      ? { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, bytes] }
      : bytes,
    post_processor: null,
    decoder: bytes,
    added_tokens: special.map(({ id, content }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((text, id) => [text, id])),
      merges: list(gguf.metadata.get("tokenizer.ggml.merges")),
    },
  };
}
