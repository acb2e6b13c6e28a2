/** ggml's own quantising and dequantising through FFI: the truth about its formats. */
import { isWeightType } from "../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorBytes, tensorType, type TensorTypeName } from "../../inference/gguf/tensor_types.ts";
import { keepLoaded } from "./keep_loaded.ts";
import { llamaLibrary } from "./llama_library.ts";

export interface Ggml {
  /** Rows of floats as a tensor of a type; `values.length` is a multiple of `columns`. */
  quantise(type: TensorTypeName, values: Float32Array<ArrayBuffer>, columns: number): Uint8Array<ArrayBuffer>;
  /** The values of a tensor's bytes. */
  dequantise(
    type: TensorTypeName,
    bytes: Uint8Array<ArrayBuffer>,
    elements: number,
  ): Float32Array<ArrayBuffer>;
}

/** What the library calls its functions for a type. */
const rowFunctions: Partial<Record<TensorTypeName, string>> = {
  F16: "ggml_fp16_to_fp32_row",
  BF16: "ggml_bf16_to_fp32_row",
};

/** Throws with the reason when the library cannot be had. */
export async function ggml(): Promise<Ggml> {
  const { folder } = await llamaLibrary();
  const path = `${folder}/libggml-base.${Deno.build.os === "darwin" ? "dylib" : "so"}`;
  keepLoaded(path);
  const library = Deno.dlopen(path, {
    ggml_quantize_chunk: {
      parameters: ["i32", "buffer", "buffer", "i64", "i64", "i64", "pointer"],
      result: "usize",
    },
  });
  return {
    quantise(type, values, columns) {
      const layout = tensorType(type)!;
      if (type === "F32") return new Uint8Array(values.slice().buffer);
      const out = new Uint8Array(tensorBytes(layout, values.length));
      const rows = BigInt(values.length / columns);
      library.symbols.ggml_quantize_chunk(layout.id, values, out, 0n, rows, BigInt(columns), null);
      return out;
    },
    dequantise(type, bytes, elements) {
      if (type === "F32") return new Float32Array(bytes.slice().buffer);
      if (!isWeightType(type)) throw new Error(`No dequantiser for ${type}`);
      const name = rowFunctions[type] ?? `dequantize_row_${type.toLowerCase().replace(/_k$/, "_K")}`;
      const { symbols } = Deno.dlopen(path, {
        [name]: { parameters: ["buffer", "buffer", "i64"], result: "void" },
      });
      const out = new Float32Array(elements);
      symbols[name](bytes, out, BigInt(elements));
      return out;
    },
  };
}
