/** Random weights of a type on the GPU, with the values that llama.cpp gives them. */
import type { GpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";
import { WeightUpload } from "../../../../../inference/engines/webgpu/weights/upload.ts";
import type {
  WeightMatrix,
  WeightType,
} from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorBytes, tensorType } from "../../../../../inference/gguf/tensor_types.ts";
import type { Ggml } from "../../../../support/ggml.ts";
import { randomFloats } from "../../../../support/random_values.ts";

export interface TestWeights {
  matrix: WeightMatrix;
  /** [experts * rows, columns], rows in the order of the matrix. */
  values: Float32Array;
  free(): void;
}

export interface TestWeightOptions {
  order?: WeightMatrix["order"];
  experts?: number;
  seed?: number;
  /** A limit on the bytes of a binding that is smaller than the device's. */
  bindingBytes?: number;
}

export async function weightsOnGpu(
  gpu: GpuDevice,
  ggml: Ggml,
  type: WeightType,
  rows: number,
  columns: number,
  { order = "plain", experts = 1, seed = 1, bindingBytes }: TestWeightOptions = {},
): Promise<TestWeights> {
  const count = order === "pairs" ? 2 : 1;
  const sourceRows = rows * experts / count;
  const rowBytes = tensorBytes(tensorType(type)!, columns);
  const tensors = Array.from({ length: count }, (_, i) => {
    const values = randomFloats(sourceRows * columns, seed + i);
    const bytes = ggml.quantise(type, values, columns);
    return { bytes, values: ggml.dequantise(type, bytes, values.length) };
  });
  const arena = gpu.arena("test weights", 2 ** 20);
  const matrix = await new WeightUpload(gpu, arena, bindingBytes).matrix({
    type,
    columns,
    order,
    experts,
    name: "test",
    sources: tensors.map(({ bytes }) => ({
      rows: sourceRows,
      read: (first, n) => Promise.resolve(bytes.subarray(first * rowBytes, (first + n) * rowBytes)),
    })),
  });
  const values = new Float32Array(count * sourceRows * columns);
  tensors.forEach((tensor, i) => {
    for (let row = 0; row < sourceRows; row++) {
      values.set(tensor.values.subarray(row * columns, (row + 1) * columns), (row * count + i) * columns);
    }
  });
  return { matrix, values, free: () => arena.free() };
}
