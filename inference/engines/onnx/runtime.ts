/**
 * transformers.js on onnxruntime-web in this process. The files are verified before each use
 * (../packages/install.ts) and loaded from the user's cache, in the executable as in a checkout.
 */
import { pathToFileURL } from "node:url";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { installFiles, type InstallOptions } from "../packages/install.ts";
import { onnxFiles } from "./package_table.ts";
import type { Transformers } from "./transformers.ts";
import { mendWebGpu } from "./webgpu_fixes.ts";

export type OnnxDevice = "wasm" | "webgpu";

export interface RuntimeOptions {
  device: OnnxDevice;
  /** Threads of the WASM backend, this one included. */
  threads: number;
  /** Content of a file of the model by its name in the layout. */
  read: (name: string) => Promise<Response>;
  install?: InstallOptions;
}

/** The address under which transformers.js believes to find the model. */
export const modelName = "skiff/model";
const host = "http://model.invalid/";

let opened: { device: OnnxDevice; transformers: Promise<Transformers> } | undefined;

/**
 * One a process: onnxruntime keeps its WASM instance, and the first device decides which of its two builds that
 * is. Throws what `installFiles` throws, and "internal" when another device was opened before.
 */
export async function openRuntime(options: RuntimeOptions): Promise<Transformers> {
  opened ??= { device: options.device, transformers: start(options) };
  // the build with WebGPU computes on the processor as well
  if (opened.device === "wasm" && options.device === "webgpu") {
    throw new SkiffError("internal", `onnxruntime runs on ${opened.device} in this process already`);
  }
  const transformers = await opened.transformers;
  transformers.env.fetch = async (url) => {
    const text = String(url);
    const prefix = `${host}${modelName}/`;
    if (!text.startsWith(prefix)) return new Response(null, { status: 404 });
    return await options.read(decodeURIComponent(text.slice(prefix.length)));
  };
  return transformers;
}

let imported: Promise<{ transformers: Transformers; folder: string }> | undefined;

/** transformers.js by itself, for its tokenizers; no WASM is compiled. Throws what `installFiles` throws. */
export async function importTransformers(install?: InstallOptions): Promise<Transformers> {
  return (await load(install)).transformers;
}

function load(install?: InstallOptions) {
  return imported ??= (async () => {
    const folder = await installFiles(onnxFiles, install);
    const address = toFileUrl(`${folder}/transformers.min.js`);
    return { folder, transformers: await asIfNotNode<Transformers>(() => import(address)) };
  })();
}

const toFileUrl = (path: string) => pathToFileURL(path).href;

async function start({ device, threads, install }: RuntimeOptions): Promise<Transformers> {
  const { folder, transformers } = await load(install);
  const address = (name: string) => toFileUrl(`${folder}/${name}`);
  if (device === "webgpu") mendWebGpu();
  const { env } = transformers;
  env.allowLocalModels = false;
  env.allowRemoteModels = true;
  env.remoteHost = host;
  env.remotePathTemplate = "{model}/";
  env.useBrowserCache = env.useFSCache = env.useWasmCache = false;
  env.logLevel = transformers.LogLevel.ERROR;
  // The build with WebGPU is twice as large, and slower to start and to compute on the processor.
  const build = device === "webgpu" ? "ort-wasm-simd-threaded.asyncify" : "ort-wasm-simd-threaded";
  const { wasm } = env.backends.onnx;
  wasm.proxy = false;
  wasm.numThreads = threads;
  wasm.wasmPaths = { mjs: address(`${build}.mjs`) };
  wasm.wasmBinary = (await Deno.readFile(`${folder}/${build}.wasm`)).buffer;
  // With threads onnxruntime copies its glue to a blob: address first, where a worker cannot start from.
  const original = URL.createObjectURL;
  URL.createObjectURL = (blob) =>
    blob.type === "text/javascript" || blob.type === "" ? address(`${build}.mjs`) : original(blob);
  return transformers;
}

/**
 * transformers.js would take onnxruntime-node, which is not there, in what calls itself Node, and the Cache API
 * where there is one. Both are looked at only while the module is evaluated.
 */
async function asIfNotNode<T>(load: () => Promise<T>): Promise<T> {
  const global = globalThis as Record<string, any>;
  const { process, caches } = global;
  const set = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  const release = { value: { ...process?.release, name: "deno" } };
  set("process", Object.create(process ?? null, { release }));
  delete global.caches;
  try {
    return await load();
  } finally {
    set("process", process);
    if (caches !== undefined) set("caches", caches);
  }
}
