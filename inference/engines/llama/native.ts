/**
 * Opens an installed set of libraries: once a process, since a library cannot be taken out of it again.
 * Checks that what was opened is the release that the struct layouts were written for.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { LibrarySet } from "./library_set.ts";
import { Struct, type StructLayouts, structLayouts } from "./structs.ts";
import {
  getFeatures,
  ggmlBaseSymbols,
  ggmlSymbols,
  llamaSymbols,
  threadpoolFree,
  threadpoolNew,
} from "./symbols.ts";

type Llama = Deno.DynamicLibrary<ReturnType<typeof llamaSymbols>>["symbols"];
type Ggml = Deno.DynamicLibrary<typeof ggmlSymbols>["symbols"];
type GgmlBase = Deno.DynamicLibrary<typeof ggmlBaseSymbols>["symbols"];

export interface ThreadpoolFunctions {
  create(params: Uint8Array<ArrayBuffer>): Deno.PointerValue;
  free(pool: Deno.PointerValue): void;
}

/** A device that ggml found. Types: 0 CPU, 1 GPU, 2 integrated GPU, 3 accelerator library. */
export interface NativeDevice {
  name: string;
  description: string;
  type: number;
  freeBytes: number;
}

export interface NativeLibrary {
  set: LibrarySet;
  llama: Llama;
  layouts: StructLayouts;
  /** "0.5.0" */
  version: string;
  /** Whether llama.cpp's own log goes to stderr. */
  nativeLog: boolean;
  devices: NativeDevice[];
  /** Undefined when the CPU library offers none. */
  threadpools?: ThreadpoolFunctions;
  threadpoolParams(threads: number): Struct;
}

export interface OpenOptions {
  /** Leave llama.cpp's own log on stderr. */
  nativeLog?: boolean;
}

const opened = new Map<string, NativeLibrary>();

/**
 * Opens the libraries in `folder` (from `installFiles`, which has just verified them).
 * Throws "unsupported" when they cannot be loaded or are not the release that the table says.
 */
export function openLibrary(folder: string, set: LibrarySet, options: OpenOptions = {}): NativeLibrary {
  const known = opened.get(folder);
  if (known) return known;
  const layouts = structLayouts[set.release];
  if (layouts === undefined) throw unsupported(`no struct layouts are known for release ${set.release}`);
  const open = <S extends Deno.ForeignLibraryInterface>(pattern: RegExp, symbols: S) => {
    const file = set.files.find(({ name }) => pattern.test(name));
    if (file === undefined) throw unsupported(`the set ${set.name} has no library like ${pattern.source}`);
    try {
      return Deno.dlopen(`${folder}/${file.name}`, symbols).symbols;
    } catch (error) {
      throw unsupported(error instanceof Error ? error.message : String(error), error);
    }
  };
  const base: GgmlBase = open(/^(lib)?ggml-base\./, ggmlBaseSymbols);
  const ggml: Ggml = open(/^(lib)?ggml\.[^-]*$/, ggmlSymbols);
  const llama: Llama = open(/^(lib)?llama\./, llamaSymbols(layouts));
  const version = checkVersion(llama, set);
  checkDefaults(llama, layouts, set);
  if (!options.nativeLog) {
    base.ggml_log_set(llama.llama_time_us, null);
    llama.llama_log_set(llama.llama_time_us, null);
  }
  ggml.ggml_backend_load_all_from_path(cString(folder));
  llama.llama_backend_init();
  const library: NativeLibrary = {
    set,
    llama,
    layouts,
    version,
    nativeLog: options.nativeLog ?? false,
    ...findDevices(base, ggml),
    threadpoolParams(threads) {
      const params = new Struct(layouts.threadpoolParams);
      base.ggml_threadpool_params_init(params.bytes, threads);
      return params;
    },
  };
  if (library.devices.length === 0) throw unsupported("no library for this processor could be loaded");
  opened.set(folder, library);
  return library;
}

/** `llama_version()` gives "0.5.0" or "0.5.0-dev" for release v0.5.0. */
function checkVersion(llama: Llama, set: LibrarySet): string {
  const version = readCString(llama.llama_version());
  if (version.replace(/-.*/, "") !== set.release.slice(1)) {
    throw unsupported(`the library says version ${version}, the table says ${set.release}`);
  }
  return version.replace(/-.*/, "");
}

/**
 * The defaults that each layout must show. A field that has moved shows as a wrong value, a field that was added
 * at the end as bytes in the spare room.
 */
function checkDefaults(llama: Llama, layouts: StructLayouts, set: LibrarySet): void {
  const model = new Struct(
    layouts.modelParams,
    llama.llama_model_default_params() as Uint8Array<ArrayBuffer>,
  );
  const context = new Struct(
    layouts.contextParams,
    llama.llama_context_default_params() as Uint8Array<ArrayBuffer>,
  );
  const expected: [Struct, Record<string, number>][] = [
    [model, {
      n_gpu_layers: -1,
      split_mode: 1,
      load_mode: -1,
      lazy_mode: 1,
      vocab_only: 0,
      use_extra_bufts: 1,
    }],
    [context, {
      n_ctx: 512,
      n_batch: 2048,
      n_ubatch: 512,
      n_seq_max: 1,
      pooling_type: -1,
      flash_attn_type: -1,
      type_k: 1,
      type_v: 1,
      embeddings: 0,
      offload_kqv: 1,
      no_perf: 1,
      kv_unified: 0,
      n_samplers: 0,
    }],
  ];
  for (const [struct, defaults] of expected) {
    for (const [field, value] of Object.entries(defaults)) {
      if (struct.get(field) === value) continue;
      throw unsupported(`its default of ${field} is ${struct.get(field)} where ${set.release} has ${value}`);
    }
    for (const [field, { type }] of struct.layout.offsets) {
      if (type === "bool" && struct.get(field) > 1) throw unsupported(`its ${field} is not a truth value`);
    }
    if (struct.bytes.subarray(struct.layout.bytes).some((byte) => byte !== 0)) {
      throw unsupported(`its structs are longer than those of ${set.release}`);
    }
  }
}

function findDevices(base: GgmlBase, ggml: Ggml): Pick<NativeLibrary, "devices" | "threadpools"> {
  const devices: NativeDevice[] = [];
  let threadpools: ThreadpoolFunctions | undefined;
  const memory = new BigUint64Array(new ArrayBuffer(16));
  for (let i = 0n; i < ggml.ggml_backend_dev_count(); i++) {
    const device = ggml.ggml_backend_dev_get(i);
    const type = base.ggml_backend_dev_type(device);
    base.ggml_backend_dev_memory(device, memory.subarray(0, 1), memory.subarray(1, 2));
    const registry = base.ggml_backend_dev_backend_reg(device);
    const find = (name: string) => base.ggml_backend_reg_get_proc_address(registry, cString(name));
    let description = readCString(base.ggml_backend_dev_description(device));
    if (type === 0) {
      threadpools = threadpoolFunctions(find("ggml_threadpool_new"), find("ggml_threadpool_free"));
      const features = cpuFeatures(registry, find("ggml_backend_get_features"));
      if (features) description += ` (${features})`;
    }
    devices.push({
      name: readCString(base.ggml_backend_dev_name(device)),
      description,
      type,
      freeBytes: Number(memory[0]),
    });
  }
  return { devices, threadpools };
}

function threadpoolFunctions(
  create: Deno.PointerValue,
  free: Deno.PointerValue,
): ThreadpoolFunctions | undefined {
  if (create === null || free === null) return undefined;
  const createCall = new Deno.UnsafeFnPointer(create as never, threadpoolNew);
  const freeCall = new Deno.UnsafeFnPointer(free as never, threadpoolFree);
  return { create: (params) => createCall.call(params), free: (pool) => void freeCall.call(pool) };
}

/** The widest instruction set of the CPU library that ggml chose: "AVX512", from a list of name and value. */
function cpuFeatures(registry: Deno.PointerValue, find: Deno.PointerValue): string | undefined {
  if (find === null) return undefined;
  const list = new Deno.UnsafeFnPointer(find as never, getFeatures).call(registry);
  if (list === null) return undefined;
  const names = new Set<string>();
  const view = new Deno.UnsafePointerView(list);
  for (let at = 0; view.getBigUint64(at) !== 0n; at += 16) names.add(readCString(view.getPointer(at)));
  const known = ["AMX_INT8", "AVX512_BF16", "AVX512_VNNI", "AVX512", "AVX2", "AVX", "SSE42", "SME", "SVE"];
  return [...known, "MATMUL_INT8", "DOTPROD", "NEON"].find((name) => names.has(name));
}

export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`) as Uint8Array<ArrayBuffer>;
}

export function readCString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString();
}

function unsupported(reason: string, cause?: unknown): SkiffError {
  return new SkiffError("unsupported", `Cannot use the llama.cpp libraries: ${reason}`, {
    hint: "Run with --debug for llama.cpp's own log, and report it with your system's version.",
    cause,
  });
}
