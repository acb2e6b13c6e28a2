/** llama.cpp's own tokenizer through its library: what ours is compared with, token for token. */
import { llamaLibrary } from "./llama_library.ts";

/** Folder with the prebuilt libraries; one for all tests, since a process may load them only once. */
export async function llamaLibraries(): Promise<string> {
  return (await llamaLibrary()).folder;
}

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
  llama_vocab_is_eog: { parameters: ["pointer", "i32"], result: "bool" },
  llama_vocab_is_control: { parameters: ["pointer", "i32"], result: "bool" },
  llama_vocab_bos: { parameters: ["pointer"], result: "i32" },
  llama_vocab_eos: { parameters: ["pointer"], result: "i32" },
  llama_vocab_eot: { parameters: ["pointer"], result: "i32" },
  llama_vocab_get_add_bos: { parameters: ["pointer"], result: "bool" },
  llama_vocab_get_add_eos: { parameters: ["pointer"], result: "bool" },
  llama_tokenize: {
    parameters: ["pointer", "buffer", "i32", "buffer", "i32", "bool", "bool"],
    result: "i32",
  },
  llama_token_to_piece: { parameters: ["pointer", "i32", "buffer", "i32", "i32", "bool"], result: "i32" },
  llama_detokenize: {
    parameters: ["pointer", "buffer", "i32", "buffer", "i32", "bool", "bool"],
    result: "i32",
  },
} as const;

function openLibrary(folder: string) {
  Deno.dlopen(`${folder}/libggml-base.so`, {});
  Deno.dlopen(`${folder}/libggml.v0.5.0.so`, {});
  const { symbols: llama } = Deno.dlopen(`${folder}/libllama.v0.5.0.so`, symbols);
  // Any exported function that takes what it is given serves as a log that says nothing.
  const silent = Deno.dlopen(`${folder}/libllama.v0.5.0.so`, { llama_time_us: { type: "pointer" } }).symbols;
  llama.llama_log_set(silent.llama_time_us, null);
  llama.llama_backend_init();
  return llama;
}

let library: ReturnType<typeof openLibrary> | undefined;

/** A model's vocabulary in llama.cpp. */
export class LlamaTokenizer {
  #llama: ReturnType<typeof openLibrary>;
  #model: Deno.PointerValue;
  #vocab: Deno.PointerValue;
  readonly size: number;
  #piece = new Uint8Array(4096);

  constructor(libraries: string, modelPath: string) {
    this.#llama = library ??= openLibrary(libraries);
    const params = this.#llama.llama_model_default_params() as Uint8Array<ArrayBuffer>;
    params[vocabOnlyByte] = 1;
    this.#model = this.#llama.llama_model_load_from_file(new TextEncoder().encode(`${modelPath}\0`), params);
    if (!this.#model) throw new Error(`llama.cpp cannot load ${modelPath}`);
    this.#vocab = this.#llama.llama_model_get_vocab(this.#model);
    this.size = this.#llama.llama_vocab_n_tokens(this.#vocab);
  }

  encode(text: string, options: { addSpecial?: boolean; parseSpecial?: boolean } = {}): Int32Array {
    const { addSpecial = false, parseSpecial = false } = options;
    const bytes = new TextEncoder().encode(text);
    const tokens = new Int32Array(bytes.length * 2 + 8);
    // An empty buffer has no address.
    const buffer = bytes.length > 0 ? bytes : new Uint8Array(1);
    const count = this.#llama.llama_tokenize(
      this.#vocab,
      buffer,
      bytes.length,
      tokens,
      tokens.length,
      addSpecial,
      parseSpecial,
    );
    if (count < 0) throw new Error(`llama_tokenize answered ${count}`);
    return tokens.slice(0, count);
  }

  /** Valid until the next call. */
  bytes(token: number, options: { special?: boolean } = {}): Uint8Array {
    const buffer = this.#piece;
    const special = options.special ?? false;
    const length = this.#llama.llama_token_to_piece(this.#vocab, token, buffer, buffer.length, 0, special);
    return buffer.subarray(0, Math.max(0, length));
  }

  decode(tokens: Int32Array, options: { special?: boolean } = {}): string {
    const input = tokens.length > 0 ? Int32Array.from(tokens) : new Int32Array(1);
    const buffer = new Uint8Array(tokens.length * 1024 + 1024);
    const special = options.special ?? false;
    const length = this.#llama.llama_detokenize(
      this.#vocab,
      input,
      tokens.length,
      buffer,
      buffer.length,
      false,
      special,
    );
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffer.subarray(0, Math.max(0, length)));
  }

  isEndOfGeneration(token: number): boolean {
    return this.#llama.llama_vocab_is_eog(this.#vocab, token);
  }

  isControl(token: number): boolean {
    return this.#llama.llama_vocab_is_control(this.#vocab, token);
  }

  get special() {
    const { llama_vocab_bos, llama_vocab_eos, llama_vocab_eot } = this.#llama;
    const { llama_vocab_get_add_bos, llama_vocab_get_add_eos } = this.#llama;
    return {
      bos: llama_vocab_bos(this.#vocab),
      eos: llama_vocab_eos(this.#vocab),
      eot: llama_vocab_eot(this.#vocab),
      addBos: llama_vocab_get_add_bos(this.#vocab),
      addEos: llama_vocab_get_add_eos(this.#vocab),
    };
  }

  close(): void {
    this.#llama.llama_model_free(this.#model);
  }
}
