/** The functions of llama.cpp and ggml that the engine calls, as `Deno.dlopen` wants them. */
import type { StructLayouts } from "./structs.ts";

/** Of libllama. Pointers that are only passed on are "pointer"; those that point at our arrays are "buffer". */
export function llamaSymbols({ modelParams, contextParams, batch }: StructLayouts) {
  return {
    llama_version: { parameters: [], result: "pointer" },
    llama_log_set: { parameters: ["pointer", "pointer"], result: "void" },
    llama_backend_init: { parameters: [], result: "void" },
    llama_supports_gpu_offload: { parameters: [], result: "bool" },

    llama_model_default_params: { parameters: [], result: modelParams.native },
    llama_model_load_from_file: { parameters: ["buffer", modelParams.native], result: "pointer" },
    llama_model_load_from_splits: {
      parameters: ["buffer", "usize", modelParams.native],
      result: "pointer",
    },
    llama_model_free: { parameters: ["pointer"], result: "void" },
    llama_model_get_vocab: { parameters: ["pointer"], result: "pointer" },
    llama_model_n_ctx_train: { parameters: ["pointer"], result: "i32" },
    llama_model_n_embd_out: { parameters: ["pointer"], result: "i32" },
    llama_model_n_cls_out: { parameters: ["pointer"], result: "u32" },
    llama_model_n_layer: { parameters: ["pointer"], result: "i32" },
    llama_model_size: { parameters: ["pointer"], result: "u64" },
    llama_model_has_encoder: { parameters: ["pointer"], result: "bool" },
    llama_model_has_decoder: { parameters: ["pointer"], result: "bool" },
    llama_model_is_recurrent: { parameters: ["pointer"], result: "bool" },
    llama_model_is_hybrid: { parameters: ["pointer"], result: "bool" },
    llama_model_n_swa: { parameters: ["pointer"], result: "i32" },
    llama_model_meta_val_str: { parameters: ["pointer", "buffer", "buffer", "usize"], result: "i32" },
    llama_vocab_n_tokens: { parameters: ["pointer"], result: "i32" },

    llama_context_default_params: { parameters: [], result: contextParams.native },
    llama_init_from_model: { parameters: ["pointer", contextParams.native], result: "pointer" },
    llama_free: { parameters: ["pointer"], result: "void" },
    llama_n_ctx: { parameters: ["pointer"], result: "u32" },
    llama_n_batch: { parameters: ["pointer"], result: "u32" },
    llama_n_ubatch: { parameters: ["pointer"], result: "u32" },
    llama_pooling_type: { parameters: ["pointer"], result: "i32" },
    llama_attach_threadpool: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
    llama_detach_threadpool: { parameters: ["pointer"], result: "void" },

    llama_decode: { parameters: ["pointer", batch.native], result: "i32" },
    llama_encode: { parameters: ["pointer", batch.native], result: "i32" },
    llama_get_logits: { parameters: ["pointer"], result: "pointer" },
    llama_get_embeddings_ith: { parameters: ["pointer", "i32"], result: "pointer" },
    llama_get_embeddings_seq: { parameters: ["pointer", "i32"], result: "pointer" },

    llama_get_memory: { parameters: ["pointer"], result: "pointer" },
    llama_memory_clear: { parameters: ["pointer", "bool"], result: "void" },
    llama_memory_seq_rm: { parameters: ["pointer", "i32", "i32", "i32"], result: "bool" },
    llama_memory_seq_cp: { parameters: ["pointer", "i32", "i32", "i32", "i32"], result: "void" },
    llama_memory_seq_pos_min: { parameters: ["pointer", "i32"], result: "i32" },
    llama_memory_seq_pos_max: { parameters: ["pointer", "i32"], result: "i32" },

    llama_state_seq_get_size: { parameters: ["pointer", "i32"], result: "usize" },
    llama_state_seq_get_data: { parameters: ["pointer", "buffer", "usize", "i32"], result: "usize" },
    llama_state_seq_set_data: { parameters: ["pointer", "buffer", "usize", "i32"], result: "usize" },

    llama_adapter_lora_init: { parameters: ["pointer", "buffer"], result: "pointer" },
    llama_adapter_lora_free: { parameters: ["pointer"], result: "void" },
    llama_set_adapters_lora: { parameters: ["pointer", "buffer", "usize", "buffer"], result: "i32" },

    /** Not called: its address stands in for a log callback that does nothing. */
    llama_time_us: { type: "pointer" },
  } as const satisfies Deno.ForeignLibraryInterface;
}

/** Of libggml, which finds the libraries of the devices. */
export const ggmlSymbols = {
  ggml_backend_load_all_from_path: { parameters: ["buffer"], result: "void" },
  ggml_backend_dev_count: { parameters: [], result: "usize" },
  ggml_backend_dev_get: { parameters: ["usize"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Of libggml-base. */
export const ggmlBaseSymbols = {
  ggml_log_set: { parameters: ["pointer", "pointer"], result: "void" },
  ggml_backend_dev_name: { parameters: ["pointer"], result: "pointer" },
  ggml_backend_dev_description: { parameters: ["pointer"], result: "pointer" },
  ggml_backend_dev_type: { parameters: ["pointer"], result: "i32" },
  ggml_backend_dev_memory: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  ggml_backend_dev_backend_reg: { parameters: ["pointer"], result: "pointer" },
  ggml_backend_reg_get_proc_address: { parameters: ["pointer", "buffer"], result: "pointer" },
  ggml_threadpool_params_init: { parameters: ["buffer", "i32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Found through the CPU device, whose library ggml has chosen and opened itself. */
export const threadpoolNew = { parameters: ["buffer"], result: "pointer" } as const;
export const threadpoolFree = { parameters: ["pointer"], result: "void" } as const;
export const getFeatures = { parameters: ["pointer"], result: "pointer" } as const;
