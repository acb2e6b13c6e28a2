/**
 * llama.cpp's parameter structs as bytes. C's layout rules are applied to the fields in order; which fields
 * there are depends on the release, so that a release with another layout is another table here and nothing
 * else. A struct passed to a release it was not written for would corrupt memory: abi.ts checks before use.
 */

type FieldType = "ptr" | "usize" | "i32" | "u32" | "f32" | "bool";
type Fields = [name: string, type: FieldType][];

const sizes: Record<FieldType, number> = { ptr: 8, usize: 8, i32: 4, u32: 4, f32: 4, bool: 1 };

/** Bytes that a struct is declared longer than it is, so that a longer one of the callee writes no foreign memory. */
export const spareBytes = 64;

export interface StructLayout {
  /** Bytes as the release defines it, without the spare ones. */
  bytes: number;
  offsets: Map<string, { offset: number; type: FieldType }>;
  /** For `Deno.dlopen`: the struct with its spare bytes. */
  native: { struct: "u64"[] };
}

function layout(fields: Fields): StructLayout {
  const offsets: StructLayout["offsets"] = new Map();
  let end = 0;
  for (const [name, type] of fields) {
    const offset = Math.ceil(end / sizes[type]) * sizes[type];
    offsets.set(name, { offset, type });
    end = offset + sizes[type];
  }
  const bytes = Math.ceil(end / 8) * 8;
  return { bytes, offsets, native: { struct: new Array((bytes + spareBytes) / 8).fill("u64") } };
}

/** The bytes of one struct, with its fields by name. */
export class Struct {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layout: StructLayout;
  readonly #view: DataView;

  /** @param bytes as a native function returned them; else zeros. */
  constructor(layout: StructLayout, bytes?: Uint8Array<ArrayBuffer>) {
    this.layout = layout;
    this.bytes = bytes ?? new Uint8Array(new ArrayBuffer(layout.bytes + spareBytes));
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  get(name: string): number {
    const { offset, type } = this.#field(name);
    if (type === "f32") return this.#view.getFloat32(offset, true);
    if (type === "bool") return this.#view.getUint8(offset);
    if (type === "u32") return this.#view.getUint32(offset, true);
    if (type === "i32") return this.#view.getInt32(offset, true);
    return Number(this.#view.getBigUint64(offset, true));
  }

  set(name: string, value: number | boolean | Deno.PointerValue): void {
    const { offset, type } = this.#field(name);
    if (type === "f32") this.#view.setFloat32(offset, value as number, true);
    else if (type === "bool") this.#view.setUint8(offset, value ? 1 : 0);
    else if (type === "u32") this.#view.setUint32(offset, value as number, true);
    else if (type === "i32") this.#view.setInt32(offset, value as number, true);
    else if (type === "usize") this.#view.setBigUint64(offset, BigInt(value as number), true);
    else this.#view.setBigUint64(offset, Deno.UnsafePointer.value(value as Deno.PointerValue), true);
  }

  #field(name: string) {
    const field = this.layout.offsets.get(name);
    if (field === undefined) throw new RangeError(`The struct has no field ${name}`);
    return field;
  }
}

export interface StructLayouts {
  modelParams: StructLayout;
  contextParams: StructLayout;
  batch: StructLayout;
  threadpoolParams: StructLayout;
}

const modelParams: Fields = [
  ["devices", "ptr"],
  ["tensor_buft_overrides", "ptr"],
  ["n_gpu_layers", "i32"],
  ["split_mode", "i32"],
  ["load_mode", "i32"],
  ["lazy_mode", "i32"],
  ["main_gpu", "i32"],
  ["tensor_split", "ptr"],
  ["progress_callback", "ptr"],
  ["progress_callback_user_data", "ptr"],
  ["kv_overrides", "ptr"],
  ["vocab_only", "bool"],
  ["check_tensors", "bool"],
  ["use_extra_bufts", "bool"],
  ["no_host", "bool"],
  ["no_alloc", "bool"],
  ["load_mtp", "bool"],
];

const contextParams: Fields = [
  ["n_ctx", "u32"],
  ["n_batch", "u32"],
  ["n_ubatch", "u32"],
  ["n_seq_max", "u32"],
  ["n_rs_seq", "u32"],
  ["n_outputs_max", "u32"],
  ["n_outputs_max_per_seq", "u32"],
  ["n_threads", "i32"],
  ["n_threads_batch", "i32"],
  ["ctx_type", "i32"],
  ["rope_scaling_type", "i32"],
  ["pooling_type", "i32"],
  ["attention_type", "i32"],
  ["flash_attn_type", "i32"],
  ["rope_freq_base", "f32"],
  ["rope_freq_scale", "f32"],
  ["yarn_ext_factor", "f32"],
  ["yarn_attn_factor", "f32"],
  ["yarn_beta_fast", "f32"],
  ["yarn_beta_slow", "f32"],
  ["yarn_orig_ctx", "u32"],
  ["defrag_thold", "f32"],
  ["cb_eval", "ptr"],
  ["cb_eval_user_data", "ptr"],
  ["type_k", "i32"],
  ["type_v", "i32"],
  ["abort_callback", "ptr"],
  ["abort_callback_data", "ptr"],
  ["embeddings", "bool"],
  ["offload_kqv", "bool"],
  ["no_perf", "bool"],
  ["op_offload", "bool"],
  ["swa_full", "bool"],
  ["kv_unified", "bool"],
  ["samplers", "ptr"],
  ["n_samplers", "usize"],
  ["ctx_other", "ptr"],
];

const batch: Fields = [
  ["n_tokens", "i32"],
  ["token", "ptr"],
  ["embd", "ptr"],
  ["pos", "ptr"],
  ["n_seq_id", "ptr"],
  ["seq_id", "ptr"],
  ["logits", "ptr"],
];

const threadpoolParams: Fields = [
  ...Array.from({ length: 512 }, (_, cpu): [string, FieldType] => [`cpumask_${cpu}`, "bool"]),
  ["n_threads", "i32"],
  ["prio", "i32"],
  ["poll", "u32"],
  ["strict_cpu", "bool"],
  ["paused", "bool"],
];

const first: StructLayouts = {
  modelParams: layout(modelParams),
  contextParams: layout(contextParams),
  batch: layout(batch),
  threadpoolParams: layout(threadpoolParams),
};

/** By llama.cpp release. The two that the packages carry have the same layouts (llama.h; defaults compared). */
export const structLayouts: Record<string, StructLayouts> = { "v0.4.0": first, "v0.5.0": first };
