/**
 * `deno run -A tests/bench/webgpu/kernels.ts`: our products with quantised weights as a share of the memory's
 * measured bandwidth, and against onnxruntime-web's MatMulNBits, all on this machine's adapter in one run.
 *
 *   --types Q4_0,Q8_0,…   --shapes 4096x4096,…  rows x columns    --tokens 1,8,512
 *   --rounds 5            --bytes 512  MiB of weights to go through, more than any cache holds
 *   --peer none           leave onnxruntime out
 *   --write               add the section to tests/bench/RESULTS.md
 */
import { parseArgs } from "node:util";
import { measureBandwidth } from "../../../inference/engines/gpu/bandwidth.ts";
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import { weightBytes } from "../../../inference/engines/webgpu/weights/layout.ts";
import {
  isWeightType,
  type WeightType,
  weightTypes,
} from "../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorType } from "../../../inference/gguf/tensor_types.ts";
import { type Ggml, ggml } from "../../support/ggml.ts";
import { testGpu } from "../../support/gpu.ts";
import { measureMatMulNBits } from "./matmul_nbits.ts";
import { measureProduct } from "./measure_products.ts";
import { Section } from "./section.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    types: { type: "string" },
    shapes: { type: "string" },
    tokens: { type: "string" },
    rounds: { type: "string", default: "5" },
    bytes: { type: "string" },
    peer: { type: "string", default: "onnxruntime" },
    write: { type: "boolean", default: false },
  },
});

interface Shape {
  rows: number;
  columns: number;
}

const gpu = await testGpu();
const library = await ggml();
const { software } = gpu.features;
// A software adapter gets the shapes of a small model: those of a large one would take minutes.
const shapes = parseShapes(
  values.shapes ?? (software ? "3072x768,768x1536" : "4096x4096,28672x4096,4096x14336"),
);
const tokenCounts = (values.tokens ?? (software ? "1,8" : "1,4,8,512")).split(",").map(Number);
const types = (values.types?.split(",") ?? weightTypes).filter((name): name is WeightType =>
  isWeightType(name)
);
const totalBytes = Number(values.bytes ?? (software ? 16 : 512)) * 2 ** 20;
const rounds = Number(values.rounds);

const { copy } = await measureBandwidth(gpu.raw);
const section = await Section.begin(
  "WebGPU kernels",
  "kernels",
  gpu,
  `copies ${gigabytes(copy)} GB/s; medians of ${rounds} rounds`,
);
const products: (string | number)[][] = [];
for (const type of types) {
  for (const shape of shapes) {
    if (shape.columns % tensorType(type)!.blockSize !== 0) continue;
    for (const tokens of tokenCounts) products.push(await productRow(gpu, library, type, shape, tokens));
  }
}
section.table(
  ["weights", "rows x columns", "tokens", "µs", "GB/s of weights", "share of copy", "Gop/s"],
  products,
);
if (values.peer !== "none") {
  const compared: (string | number)[][] = [];
  for (const shape of shapes) {
    for (const tokens of tokenCounts) compared.push(await peerRow(gpu, library, shape, tokens));
  }
  const head = ["Q4_0 and MatMulNBits", "tokens", "skiff µs", "onnxruntime µs", "times as fast (≥ 2)"];
  section.table(head, compared);
}
if (values.write) await section.write();
Deno.exit(0); // onnxruntime keeps timers

function parseShapes(text: string): Shape[] {
  return text.split(",").map((shape) => {
    const [rows, columns] = shape.split("x").map(Number);
    return { rows, columns };
  });
}

function copiesOf(type: WeightType, { rows, columns }: Shape): number {
  return Math.max(2, Math.ceil(totalBytes / weightBytes(type, rows, columns)));
}

async function productRow(
  gpu: GpuDevice,
  library: Ggml,
  type: WeightType,
  shape: Shape,
  tokens: number,
): Promise<(string | number)[]> {
  const time = await measureProduct(gpu, library, { type, ...shape, copies: copiesOf(type, shape) }, {
    tokens,
    rounds,
  });
  const share = `${Math.round(100 * time.bytesPerSecond / copy)} %`;
  return [
    type,
    `${shape.rows} x ${shape.columns}`,
    tokens,
    microseconds(time.seconds),
    gigabytes(time.bytesPerSecond),
    share,
    Math.round(time.operationsPerSecond / 1e9),
  ];
}

async function peerRow(
  gpu: GpuDevice,
  library: Ggml,
  shape: Shape,
  tokens: number,
): Promise<(string | number)[]> {
  // ORT keeps graphs below 2 GB; a few copies are enough to be out of caches together.
  const copies = Math.min(16, copiesOf("Q4_0", shape));
  const ours = await measureProduct(gpu, library, { type: "Q4_0", ...shape, copies }, { tokens, rounds });
  const theirs = await measureMatMulNBits({ ...shape, tokens, copies, rounds });
  return [
    `${shape.rows} x ${shape.columns}`,
    tokens,
    microseconds(ours.seconds),
    microseconds(theirs),
    (theirs / ours.seconds).toFixed(2),
  ];
}

function microseconds(seconds: number): string {
  return (seconds * 1e6).toFixed(0);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0);
}
