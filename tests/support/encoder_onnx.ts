/** The tiny reranker as ONNX in the layout of transformers.js: the weights of its GGUF file in a graph of our own. */
import { OnnxGraph } from "./onnx_writer.ts";
import { part } from "./parts.ts";
import { rerankerTensors, tinyEncoderShape } from "./tiny_encoder.ts";

const { dimensions, layers, positions, heads, tokens, special } = tinyEncoderShape;

/** Folder of the model. */
export async function tinyRerankerOnnx(): Promise<string> {
  return await part("onnx/tiny-reranker-1", async (target) => {
    await Deno.mkdir(`${target}/onnx`, { recursive: true });
    await Deno.writeFile(`${target}/onnx/model.onnx`, encoder().write().graph);
    const json = (file: string, value: unknown) =>
      Deno.writeTextFile(`${target}/${file}`, JSON.stringify(value));
    await json("config.json", {
      model_type: "bert",
      architectures: ["BertForSequenceClassification"],
      hidden_size: dimensions,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      max_position_embeddings: positions,
      vocab_size: tokens.length,
      id2label: { 0: "LABEL_0" },
    });
    await json("tokenizer.json", tokenizer());
    await json("tokenizer_config.json", { tokenizer_class: "BertTokenizer" });
  });
}

/** BERT with a pooler over [CLS] and one score. B pairs, N tokens, E dimensions. */
function encoder(): OnnxGraph {
  const graph = new OnnxGraph();
  const all = new Map(
    rerankerTensors().map(({ name, shape, data }) => [name, {
      shape,
      values: new Float32Array((data as Uint8Array<ArrayBuffer>).slice().buffer),
    }]),
  );
  const table = (name: string) =>
    graph.floats(name, [...all.get(name)!.shape].reverse(), all.get(name)!.values);
  for (const name of ["input_ids", "attention_mask", "token_type_ids"]) {
    graph.inputs.push({ name, type: "int64", dims: ["batch_size", "sequence_length"] });
  }
  const linear = (x: string, name: string) => {
    const weight = graph.op("Transpose", [table(`${name}.weight`)], { perm: [1, 0] });
    return graph.op("Add", [graph.op("MatMul", [x, weight]), table(`${name}.bias`)]);
  };
  const norm = (x: string, name: string) =>
    graph.op("LayerNormalization", [x, table(`${name}.weight`), table(`${name}.bias`)], {
      axis: -1,
      epsilon: { float: 1e-12 },
    });
  const split = (x: string, perm: number[]) =>
    graph.op("Transpose", [graph.op("Reshape", [x, graph.ints([0, 0, heads, dimensions / heads])])], {
      perm,
    });
  const length = graph.op("Gather", [graph.op("Shape", ["input_ids"]), graph.ints(1)]);
  const places = graph.op("Range", [graph.ints(0), length, graph.ints(1)]);
  const words = graph.op("Gather", [table("token_embd.weight"), "input_ids"]);
  const types = graph.op("Gather", [table("token_types.weight"), "token_type_ids"]);
  const where = graph.op("Gather", [table("position_embd.weight"), places]);
  let x = norm(graph.op("Add", [graph.op("Add", [words, types]), where]), "token_embd_norm");
  const given = graph.op("Unsqueeze", ["attention_mask", graph.ints([1, 2])]);
  const bias = graph.op("Where", [
    graph.op("Cast", [given], { to: 9 }),
    graph.float(0),
    graph.float(-1e9),
  ]);
  for (let i = 0; i < layers; i++) {
    const b = `blk.${i}`;
    const q = split(linear(x, `${b}.attn_q`), [0, 2, 1, 3]);
    const k = split(linear(x, `${b}.attn_k`), [0, 2, 3, 1]);
    const v = split(linear(x, `${b}.attn_v`), [0, 2, 1, 3]);
    const scale = graph.float(1 / Math.sqrt(dimensions / heads));
    const scores = graph.op("Add", [graph.op("Mul", [graph.op("MatMul", [q, k]), scale]), bias]);
    const mixed = graph.op("MatMul", [graph.op("Softmax", [scores], { axis: -1 }), v]);
    const flat = graph.op("Reshape", [
      graph.op("Transpose", [mixed], { perm: [0, 2, 1, 3] }),
      graph.ints([0, 0, dimensions]),
    ]);
    x = norm(graph.op("Add", [x, linear(flat, `${b}.attn_output`)]), `${b}.attn_output_norm`);
    const up = gelu(graph, linear(x, `${b}.ffn_up`));
    x = norm(graph.op("Add", [x, linear(up, `${b}.ffn_down`)]), `${b}.layer_output_norm`);
  }
  const first = graph.op("Gather", [x, graph.ints(0)], { axis: 1 });
  const logits = linear(graph.op("Tanh", [linear(first, "cls")]), "cls.output");
  graph.outputs.push({ name: graph.name(logits, "logits"), type: "float", dims: ["batch_size", 1] });
  return graph;
}

function gelu(graph: OnnxGraph, x: string): string {
  const bell = graph.op("Erf", [graph.op("Mul", [x, graph.float(Math.SQRT1_2)])]);
  const half = graph.op("Mul", [x, graph.float(0.5)]);
  return graph.op("Mul", [half, graph.op("Add", [bell, graph.float(1)])]);
}

/** In GGUF files the beginnings of words are marked, in tokenizer.json what goes on. */
function tokenizer() {
  const texts = tokens.map((text, i) =>
    i < special.length ? text : text.startsWith("▁") ? text.slice(1) : `##${text}`
  );
  const piece = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const ids = (text: string) => ({ id: text, ids: [special.indexOf(text)], tokens: [text] });
  return {
    version: "1.0",
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [piece("[CLS]", 0), sequence("A", 0), piece("[SEP]", 0)],
      pair: [
        piece("[CLS]", 0),
        sequence("A", 0),
        piece("[SEP]", 0),
        sequence("B", 1),
        piece("[SEP]", 1),
      ],
      special_tokens: { "[CLS]": ids("[CLS]"), "[SEP]": ids("[SEP]") },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
    },
  };
}
