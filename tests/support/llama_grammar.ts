/** llama.cpp's own grammar sampler through its library: what our token masks are compared with. */
import { llamaLibraries } from "./llama_tokenizer.ts";

/** llama_model_params: 80 bytes, and spare ones against a release that has more. */
const modelParams = { struct: new Array<"u64">(18).fill("u64") } as const;
const vocabOnlyByte = 72;

const symbols = {
  llama_backend_init: { parameters: [], result: "void" },
  llama_log_set: { parameters: ["pointer", "pointer"], result: "void" },
  llama_model_default_params: { parameters: [], result: modelParams },
  llama_model_load_from_file: { parameters: ["buffer", modelParams], result: "pointer" },
  llama_model_free: { parameters: ["pointer"], result: "void" },
  llama_model_get_vocab: { parameters: ["pointer"], result: "pointer" },
  llama_vocab_n_tokens: { parameters: ["pointer"], result: "i32" },
  llama_sampler_init_grammar: { parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
  llama_sampler_apply: { parameters: ["pointer", "buffer"], result: "void" },
  llama_sampler_accept: { parameters: ["pointer", "i32"], result: "void" },
  llama_sampler_free: { parameters: ["pointer"], result: "void" },
} as const;

/** Bytes of llama_token_data: id i32, logit f32, p f32. */
const entrySize = 12;
/** llama_token_data_array: data pointer, size u64, selected i64, sorted bool. */
const arraySize = 32;

/** A vocabulary in llama.cpp, for grammars. */
export class LlamaVocabulary {
  readonly size: number;
  readonly llama;
  readonly vocab: Deno.PointerValue;
  readonly #model: Deno.PointerValue;

  private constructor(libraries: string, modelPath: string) {
    Deno.dlopen(`${libraries}/libggml-base.so`, {});
    Deno.dlopen(`${libraries}/libggml.v0.5.0.so`, {});
    this.llama = Deno.dlopen(`${libraries}/libllama.v0.5.0.so`, symbols).symbols;
    // Any exported function that takes what it is given serves as a log that says nothing.
    const { llama_time_us } = Deno.dlopen(`${libraries}/libllama.v0.5.0.so`, {
      llama_time_us: { type: "pointer" },
    }).symbols;
    this.llama.llama_log_set(llama_time_us, null);
    this.llama.llama_backend_init();
    const params = this.llama.llama_model_default_params() as Uint8Array<ArrayBuffer>;
    params[vocabOnlyByte] = 1;
    this.#model = this.llama.llama_model_load_from_file(zeroTerminated(modelPath), params);
    if (!this.#model) throw new Error(`llama.cpp cannot load ${modelPath}`);
    this.vocab = this.llama.llama_model_get_vocab(this.#model);
    this.size = this.llama.llama_vocab_n_tokens(this.vocab);
  }

  static async load(modelPath: string): Promise<LlamaVocabulary> {
    return new LlamaVocabulary(await llamaLibraries(), modelPath);
  }

  /** Undefined when llama.cpp refuses the grammar. */
  grammar(source: string): LlamaGrammar | undefined {
    const sampler = this.llama.llama_sampler_init_grammar(
      this.vocab,
      zeroTerminated(source),
      zeroTerminated("root"),
    );
    return sampler ? new LlamaGrammar(this, sampler) : undefined;
  }

  close(): void {
    this.llama.llama_model_free(this.#model);
  }
}

/** A grammar in progress there. */
export class LlamaGrammar {
  readonly #vocabulary: LlamaVocabulary;
  readonly #sampler: Deno.PointerValue;
  readonly #entries: DataView<ArrayBuffer>;
  readonly #array = new DataView(new ArrayBuffer(arraySize));

  constructor(vocabulary: LlamaVocabulary, sampler: Deno.PointerValue) {
    this.#vocabulary = vocabulary;
    this.#sampler = sampler;
    this.#entries = new DataView(new ArrayBuffer(vocabulary.size * entrySize));
  }

  /** By token: may it come next? */
  allowed(): Uint8Array {
    const { size, llama } = this.#vocabulary;
    for (let token = 0; token < size; token++) {
      this.#entries.setInt32(token * entrySize, token, true);
      this.#entries.setFloat32(token * entrySize + 4, 1, true);
    }
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#entries));
    this.#array.setBigUint64(0, BigInt(address), true);
    this.#array.setBigUint64(8, BigInt(size), true);
    this.#array.setBigInt64(16, -1n, true);
    llama.llama_sampler_apply(this.#sampler, this.#array);
    const allowed = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const token = this.#entries.getInt32(i * entrySize, true);
      allowed[token] = this.#entries.getFloat32(i * entrySize + 4, true) === -Infinity ? 0 : 1;
    }
    return allowed;
  }

  accept(token: number): void {
    this.#vocabulary.llama.llama_sampler_accept(this.#sampler, token);
  }

  close(): void {
    this.#vocabulary.llama.llama_sampler_free(this.#sampler);
  }
}

function zeroTerminated(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
