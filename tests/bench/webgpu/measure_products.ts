/** Times of products with weights on a device. */
import type { KernelFeatures } from "../../../inference/engines/webgpu/device/features.ts";
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import {
  type ActivationKind,
  activationKind,
  type Epilogue,
  matmul,
} from "../../../inference/engines/webgpu/kernels/matmul.ts";
import { q8Bytes } from "../../../inference/engines/webgpu/kernels/quantise.ts";
import { weightBytes } from "../../../inference/engines/webgpu/weights/layout.ts";
import type { Ggml } from "../../support/ggml.ts";
import { median } from "../report.ts";
import { type BenchShape, benchWeights } from "./bench_weights.ts";

export interface ProductTime {
  /** Of one product. */
  seconds: number;
  /** Bytes of weights read a second. */
  bytesPerSecond: number;
  /** Multiplications and additions a second. */
  operationsPerSecond: number;
}

export interface ProductOptions {
  tokens: number;
  rounds: number;
  features?: Partial<KernelFeatures>;
  kind?: ActivationKind;
  epilogue?: Epilogue;
}

/** Runs the products of all matrices in one submit, `rounds` times after two to warm up; the median. */
export async function measureProduct(
  gpu: GpuDevice,
  ggml: Ggml,
  shape: BenchShape,
  { tokens, rounds, features = {}, kind, epilogue }: ProductOptions,
): Promise<ProductTime> {
  const order = epilogue?.glu ? "pairs" : "plain";
  const { matrices, free } = await benchWeights(gpu, ggml, { ...shape, order });
  const { type, rows, columns } = shape;
  const used = { ...gpu.features, ...features };
  const activations = kind ?? activationKind(type, used);
  const inputBytes = activations === "q8" ? q8Bytes(tokens, columns) : 4 * tokens * columns;
  const input = await gpu.buffer(inputBytes, "bench x");
  const output = await gpu.buffer(4 * tokens * rows, "bench y");
  const step = await gpu.uniform(16, "bench step");
  gpu.write(step, Uint32Array.of(tokens, 0, 0, 0));
  const plan = await gpu.prepare(matrices.flatMap((weights) =>
    matmul(used, {
      weights,
      input,
      kind: activations,
      output,
      step,
      countWord: 0,
      maxRows: tokens,
      epilogue,
    })
  ));
  const times: number[] = [];
  for (let round = 0; round < rounds + 2; round++) {
    await gpu.drain();
    const start = performance.now();
    const recorder = gpu.record();
    recorder.run(plan.dispatches, tokens);
    recorder.submit();
    await gpu.drain();
    if (round >= 2) times.push((performance.now() - start) / 1000);
  }
  await gpu.checkAll();
  plan.free();
  free();
  for (const range of [input, output, step]) range.buffer.destroy();
  gpu.forgetBindings();
  const seconds = median(times) / matrices.length;
  return {
    seconds,
    bytesPerSecond: weightBytes(type, rows, columns) / seconds,
    operationsPerSecond: 2 * rows * columns * tokens / seconds,
  };
}
