/** Whole models in other types, made by llama.cpp's own quantiser through FFI and kept with the other parts. */
import { llamaLibrary } from "./llama_library.ts";
import { part } from "./parts.ts";

/** llama.h's numbers (llama_ftype). Tensors whose rows are no whole blocks get the type that llama.cpp falls back to. */
const fileTypes = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K_M: 12,
  Q4_K_M: 15,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  BF16: 32,
  MXFP4_MOE: 38,
} as const;

export type FileType = keyof typeof fileTypes;

export const quantisedTypes = Object.keys(fileTypes) as FileType[];

/** Where the fields of llama_model_quantize_params stand (v0.5.0): threads, file type, allow_requantize. */
const offsets = { threads: 0, fileType: 4, requantise: 16 };

/** Path of the model at `path` in another type. Throws with the reason when it cannot be made. */
export async function quantisedModel(path: string, type: FileType): Promise<string> {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.gguf$/, "");
  const { folder } = await llamaLibrary();
  return await part(`quantised/${name}-${type}.gguf`, (target) => {
    quantise(folder, path, target, type);
    return Promise.resolve();
  });
}

/**
 * The weights of a quantised model as floats, exactly: what an oracle computes with that is not to round activations.
 * A large file; the caller gets a path that is gone when the body is done.
 */
export async function withExactModel(path: string, body: (exact: string) => Promise<void>): Promise<void> {
  const { folder } = await llamaLibrary();
  const exact = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    quantise(folder, path, exact, "F32");
    await body(exact);
  } finally {
    await Deno.remove(exact);
  }
}

function quantise(folder: string, from: string, to: string, type: FileType): void {
  const file = [...Deno.readDirSync(folder)].find(({ name }) =>
    /^libllama(\.v[\d.]+)?\.(so|dylib)$/.test(name)
  );
  if (!file) throw new Error(`there is no libllama in ${folder}`);
  // longer than the struct: what is written beyond would be someone else's memory
  const paramsStruct = { struct: new Array<"u32">(40).fill("u32") };
  const { symbols } = Deno.dlopen(`${folder}/${file.name}`, {
    llama_model_quantize_default_params: { parameters: [], result: paramsStruct },
    llama_model_quantize: { parameters: ["buffer", "buffer", "buffer"], result: "u32" },
    llama_log_set: { parameters: ["pointer", "pointer"], result: "void" },
    // not called: the address of something harmless, which stands in for a log callback
    llama_time_us: { type: "pointer" },
  });
  symbols.llama_log_set(symbols.llama_time_us as Deno.PointerValue, null);
  const params = symbols.llama_model_quantize_default_params() as Uint8Array<ArrayBuffer>;
  const view = new DataView(params.buffer, params.byteOffset);
  view.setInt32(offsets.threads, 2, true);
  view.setInt32(offsets.fileType, fileTypes[type], true);
  view.setUint8(offsets.requantise, 1);
  const text = (value: string) => new TextEncoder().encode(`${value}\0`) as Uint8Array<ArrayBuffer>;
  const status = symbols.llama_model_quantize(text(from), text(to), params);
  if (status !== 0) throw new Error(`llama.cpp could not quantise ${from} to ${type}: status ${status}`);
}
