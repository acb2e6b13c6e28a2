/**
 * The layout in which users of transformers.js publish a model: `config.json`, `tokenizer.json` and the graph in
 * `onnx/model<suffix>.onnx`, where the suffix names the type of its numbers, with weights beside it in
 * `….onnx_data`, `….onnx_data_1`, … when they do not fit one file.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";

/** Types of weights by transformers.js's names, with the suffix of their file. */
const suffixes = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  int8: "_int8",
  uint8: "_uint8",
  q4: "_q4",
  q4f16: "_q4f16",
  bnb4: "_bnb4",
  q2: "_q2",
  q2f16: "_q2f16",
  q1: "_q1",
  q1f16: "_q1f16",
} as const;

export type Dtype = keyof typeof suffixes;

export const dtypes = Object.keys(suffixes) as Dtype[];

/** What of a model is loaded: one graph in one type of numbers. */
export interface OnnxVariant {
  dtype: Dtype;
  /** Name of the graph without suffix and extension: "model", "decoder_model_merged". */
  stem: string;
  /** Folder of the graph, "" or "onnx". */
  folder: string;
  /** Path of the graph. */
  graph: string;
  /** Paths of the files with its weights, in order. */
  data: string[];
}

/** Types that are tried in turn where none is asked for: small ones first for models that write text. */
const preferred: Record<"text" | "vectors", Dtype[]> = {
  text: ["q4", "q4f16", "q8", "int8", "uint8", "fp16", "fp32", "bnb4", "q2", "q2f16", "q1", "q1f16"],
  vectors: ["q8", "int8", "uint8", "fp32", "fp16", "q4", "q4f16", "bnb4", "q2", "q2f16", "q1", "q1f16"],
};

/** A model's graph is called so; the first that is there is taken. */
const stems = ["model", "decoder_model_merged"];

/** Files beside the graph that say what the model is. Everything else in a repository is left where it is. */
const described =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|sentence_bert_config|config_sentence_transformers|modules)\.json$|^chat_template\.(jinja|json)$|^1_Pooling\/config\.json$/;

/** Which variants the paths hold, e.g. those of a folder or of a repository's list. */
export function variantsOf(paths: string[]): OnnxVariant[] {
  const present = new Set(paths);
  const variants: OnnxVariant[] = [];
  for (const graph of paths) {
    const match = /^(?:(.*)\/)?([^/]+)\.onnx$/.exec(graph);
    if (match === null) continue;
    const [, folder = "", name] = match;
    const stem = stems.find((candidate) => dtypes.some((dtype) => name === candidate + suffixes[dtype]));
    if (stem === undefined) continue;
    const dtype = dtypes.find((candidate) => name === stem + suffixes[candidate])!;
    variants.push({ dtype, stem, folder, graph, data: dataOf(graph, present) });
  }
  return variants.sort((a, b) => stems.indexOf(a.stem) - stems.indexOf(b.stem));
}

function dataOf(graph: string, present: Set<string>): string[] {
  const data: string[] = [];
  for (let i = 0; present.has(`${graph}_data${i === 0 ? "" : `_${i}`}`); i++) {
    data.push(`${graph}_data${i === 0 ? "" : `_${i}`}`);
  }
  return data;
}

/**
 * The variant of a type, or the best for what the model does. Throws "not_found" with what there is when the
 * type is not there, "unsupported" when there is no graph at all.
 */
export function chooseVariant(
  paths: string[],
  { dtype, generates, name }: { dtype?: Dtype; generates: boolean; name: string },
): OnnxVariant {
  const variants = variantsOf(paths);
  if (variants.length === 0) {
    throw new SkiffError("unsupported", `Cannot use ${name}: it holds no onnx/model*.onnx`, {
      hint: "An ONNX model is config.json, tokenizer.json and onnx/model.onnx, as transformers.js wants it.",
    });
  }
  const order = dtype ? [dtype] : preferred[generates ? "text" : "vectors"];
  for (const wanted of order) {
    const found = variants.find((variant) => variant.dtype === wanted);
    if (found) return found;
  }
  throw new SkiffError("not_found", `Cannot find the type "${dtype}" in ${name}`, {
    hint: `It holds ${[...new Set(variants.map((variant) => variant.dtype))].join(", ")}.`,
  });
}

/** The paths that a variant needs: what describes the model, the graph, its weights. Throws "unsupported". */
export function filesOf(paths: string[], variant: OnnxVariant, name: string): string[] {
  for (const required of ["config.json", "tokenizer.json"]) {
    if (paths.includes(required)) continue;
    throw new SkiffError("unsupported", `Cannot use ${name}: it has no ${required}`, {
      hint: "An ONNX model is config.json, tokenizer.json and onnx/model.onnx, as transformers.js wants it.",
    });
  }
  return [...paths.filter((path) => described.test(path)), variant.graph, ...variant.data];
}

/** The name of a type in a reference: "q4", "fp16"…; undefined when the text is none. */
export function asDtype(text: string): Dtype | undefined {
  return dtypes.find((dtype) => dtype === text.toLowerCase());
}
