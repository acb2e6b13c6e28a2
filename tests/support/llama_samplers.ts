/**
 * llama.cpp's own samplers through FFI, to compare ours with. The library is that of npm's
 * @node-llama-cpp/linux-x64; struct layouts and signatures are those of its llama.cpp release, v0.5.0.
 */
import { llamaLibrary } from "./llama_library.ts";

const release = "v0.5.0";

/** A structure of `words` 64-bit words, given by value. */
const structure = (words: number) => ({ struct: new Array<"u64">(words).fill("u64") }) as const;
/** 80 bytes, and 64 spare ones in case the library's is larger. */
const modelParams = structure(18);

const symbols = {
  llama_backend_init: { parameters: [], result: "void" },
  llama_log_set: { parameters: ["pointer", "pointer"], result: "void" },
  llama_time_us: { type: "pointer" },
  llama_model_default_params: { parameters: [], result: modelParams },
  llama_model_load_from_file: { parameters: ["buffer", modelParams], result: "pointer" },
  llama_model_free: { parameters: ["pointer"], result: "void" },
  llama_model_get_vocab: { parameters: ["pointer"], result: "pointer" },
  llama_model_n_ctx_train: { parameters: ["pointer"], result: "i32" },
  llama_vocab_n_tokens: { parameters: ["pointer"], result: "i32" },
  llama_sampler_init_top_k: { parameters: ["i32"], result: "pointer" },
  llama_sampler_init_top_p: { parameters: ["f32", "usize"], result: "pointer" },
  llama_sampler_init_min_p: { parameters: ["f32", "usize"], result: "pointer" },
  llama_sampler_init_typical: { parameters: ["f32", "usize"], result: "pointer" },
  llama_sampler_init_temp_ext: { parameters: ["f32", "f32", "f32"], result: "pointer" },
  llama_sampler_init_top_n_sigma: { parameters: ["f32"], result: "pointer" },
  llama_sampler_init_xtc: { parameters: ["f32", "f32", "usize", "u32"], result: "pointer" },
  llama_sampler_init_penalties: { parameters: ["i32", "i32", "f32", "f32", "f32"], result: "pointer" },
  llama_sampler_init_dry: {
    parameters: ["pointer", "f32", "f32", "i32", "i32", "buffer", "usize"],
    result: "pointer",
  },
  llama_sampler_init_mirostat: { parameters: ["i32", "u32", "f32", "f32", "i32"], result: "pointer" },
  llama_sampler_init_mirostat_v2: { parameters: ["u32", "f32", "f32"], result: "pointer" },
  llama_sampler_accept: { parameters: ["pointer", "i32"], result: "void" },
  llama_sampler_apply: { parameters: ["pointer", "buffer"], result: "void" },
  llama_sampler_free: { parameters: ["pointer"], result: "void" },
} as const;

type Library = Deno.DynamicLibrary<typeof symbols>;
export type SamplerPointer = Deno.PointerValue;

/** What a sampler leaves: tokens with their logits and probabilities, in its order. */
export interface Candidates {
  tokens: Int32Array;
  logits: Float32Array;
  probabilities: Float32Array;
  /** Index of the chosen one, where the sampler chooses; -1. */
  selected: number;
}

export class LlamaSamplers {
  readonly #library: Library;
  readonly init: Library["symbols"];

  constructor(library: Library) {
    this.#library = library;
    this.init = library.symbols;
  }

  /** Loads a model; throws when llama.cpp does not take it. */
  loadModel(path: string): Deno.PointerObject {
    const params = this.init.llama_model_default_params();
    const model = this.init.llama_model_load_from_file(cString(path), params);
    if (model === null) throw new Error(`llama.cpp does not load ${path}`);
    return model;
  }

  /** DRY with the vocabulary of a model. */
  dry(
    model: Deno.PointerValue,
    options: { multiplier: number; base: number; allowedLength: number; lastN: number; breakers: string[] },
  ): SamplerPointer {
    const texts = options.breakers.map(cString);
    const pointers = new BigUint64Array(
      texts.map((text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text))),
    );
    return this.init.llama_sampler_init_dry(
      this.init.llama_model_get_vocab(model),
      options.multiplier,
      options.base,
      options.allowedLength,
      options.lastN,
      pointers,
      BigInt(texts.length),
    );
  }

  /** `apply` for samplers that are used once: frees them. */
  applyOnce(samplers: SamplerPointer[], logits: ArrayLike<number>, history: number[] = []): Candidates {
    const candidates = this.apply(samplers, logits, history);
    for (const sampler of samplers) this.init.llama_sampler_free(sampler);
    return candidates;
  }

  /** Lets samplers see `history`, then applies them in order to candidates made of all logits. */
  apply(samplers: SamplerPointer[], logits: ArrayLike<number>, history: number[] = []): Candidates {
    const data = new DataView(new ArrayBuffer(logits.length * 12));
    for (let i = 0; i < logits.length; i++) {
      data.setInt32(i * 12, i, true);
      data.setFloat32(i * 12 + 4, logits[i], true);
    }
    const bytes = new Uint8Array(data.buffer);
    // llama_token_data_array: data, size, selected, sorted
    const array = new BigUint64Array(4);
    array[0] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    array[1] = BigInt(logits.length);
    array[2] = BigInt.asUintN(64, -1n);
    for (const sampler of samplers) {
      for (const token of history) this.init.llama_sampler_accept(sampler, token);
      this.init.llama_sampler_apply(sampler, new Uint8Array(array.buffer));
    }
    // A sampler may have moved the pointer forward inside the buffer.
    const moved = Number(array[0] - BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes))));
    return readCandidates(
      new DataView(data.buffer, moved),
      Number(array[1]),
      Number(BigInt.asIntN(64, array[2])),
    );
  }

  close(): void {
    this.#library.close();
  }
}

function readCandidates(data: DataView, size: number, selected: number): Candidates {
  const tokens = new Int32Array(size),
    logits = new Float32Array(size),
    probabilities = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    tokens[i] = data.getInt32(i * 12, true);
    logits[i] = data.getFloat32(i * 12 + 4, true);
    probabilities[i] = data.getFloat32(i * 12 + 8, true);
  }
  return { tokens, logits, probabilities, selected };
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** ggml's own figures of its tensor types, by number. */
export async function ggmlTypes(): Promise<
  (id: number) => { name: string; blockSize: number; blockBytes: number }
> {
  const { symbols } = Deno.dlopen(`${(await llamaLibrary()).folder}/libggml-base.so`, {
    ggml_type_name: { parameters: ["i32"], result: "pointer" },
    ggml_blck_size: { parameters: ["i32"], result: "i64" },
    ggml_type_size: { parameters: ["i32"], result: "usize" },
  });
  return (id) => ({
    name: Deno.UnsafePointerView.getCString(symbols.ggml_type_name(id)!),
    blockSize: Number(symbols.ggml_blck_size(id)),
    blockBytes: Number(symbols.ggml_type_size(id)),
  });
}

/** Opens the library; its log is silenced. */
export async function llamaSamplers(): Promise<LlamaSamplers> {
  const folder = (await llamaLibrary()).folder;
  Deno.dlopen(`${folder}/libggml-base.so`, {});
  const ggml = Deno.dlopen(`${folder}/libggml.${release}.so`, {
    ggml_backend_load_all_from_path: { parameters: ["buffer"], result: "void" },
  });
  const library = Deno.dlopen(`${folder}/libllama.${release}.so`, symbols);
  // Any function that does nothing with its arguments serves as the receiver of log lines.
  library.symbols.llama_log_set(library.symbols.llama_time_us, null);
  ggml.symbols.ggml_backend_load_all_from_path(cString(folder));
  library.symbols.llama_backend_init();
  return new LlamaSamplers(library);
}
