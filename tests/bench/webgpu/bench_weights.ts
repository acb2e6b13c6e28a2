/** Weights of any size for benches: a few quantised rows over and over, so that nothing has to be quantised. */
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import { WeightUpload } from "../../../inference/engines/webgpu/weights/upload.ts";
import type { WeightMatrix, WeightType } from "../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorBytes, tensorType } from "../../../inference/gguf/tensor_types.ts";
import type { Ggml } from "../../support/ggml.ts";
import { randomFloats } from "../../support/random_values.ts";

export interface BenchShape {
  type: WeightType;
  rows: number;
  columns: number;
  /** Matrices, one after another read, so that no cache holds them all. */
  copies: number;
  order?: WeightMatrix["order"];
}

const distinctRows = 64;

/** Matrices on the GPU; free the arena that comes with them. */
export async function benchWeights(
  gpu: GpuDevice,
  ggml: Ggml,
  { type, rows, columns, copies, order = "plain" }: BenchShape,
): Promise<{ matrices: WeightMatrix[]; free: () => void }> {
  const rowBytes = tensorBytes(tensorType(type)!, columns);
  const some = ggml.quantise(type, randomFloats(distinctRows * columns, 1), columns);
  const read = (_first: number, count: number) => {
    const bytes = new Uint8Array(count * rowBytes);
    for (let at = 0; at < bytes.length; at += some.length) {
      bytes.set(some.subarray(0, Math.min(some.length, bytes.length - at)), at);
    }
    return Promise.resolve(bytes);
  };
  const arena = gpu.arena("bench weights", 2 ** 28);
  const upload = new WeightUpload(gpu, arena);
  const sources = order === "pairs" ? [{ rows: rows / 2, read }, { rows: rows / 2, read }] : [{ rows, read }];
  const matrices: WeightMatrix[] = [];
  for (let i = 0; i < copies; i++) {
    matrices.push(await upload.matrix({ type, columns, order, sources, name: `bench ${i}` }));
  }
  await gpu.drain();
  return { matrices, free: () => arena.free() };
}
