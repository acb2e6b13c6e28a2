/**
 * The peer of our products: onnxruntime-web's MatMulNBits on its WebGPU provider, the same shapes, 4-bit weights in
 * blocks of 32 and int8 activations (accuracy level 4) like our Q4_0. The ONNX file is written here.
 */
import { onnxPackages } from "../../../inference/engines/onnx/package_table.ts";
import { mendWebGpu } from "../../../inference/engines/onnx/webgpu_fixes.ts";
import { npmPackage, npmTarball } from "../../support/npm_packages.ts";
import { OnnxGraph } from "../../support/onnx_writer.ts";
import { randomFloats } from "../../support/random_values.ts";
import { median } from "../report.ts";

// deno-lint-ignore no-explicit-any -- onnxruntime's own module, as it comes
type Ort = any;

let loaded: Promise<Ort> | undefined;

/** onnxruntime-web with its WebGPU provider; throws with the reason when it cannot be had. */
export function onnxRuntimeWeb(): Promise<Ort> {
  return loaded ??= load();
}

async function load(): Promise<Ort> {
  const row = onnxPackages.find(({ name }) => name === "onnxruntime-web");
  if (row === undefined) throw new Error("onnxruntime-web is not in the table of packages");
  const build = "ort-wasm-simd-threaded.asyncify";
  const files = [`dist/ort.webgpu.min.mjs`, `dist/${build}.mjs`, `dist/${build}.wasm`];
  const folder = await npmPackage(
    npmTarball(row.name, row.version, row.integrity.replace("sha512-", "")),
    files,
  );
  mendWebGpu();
  const ort = await import(`file://${folder}/dist/ort.webgpu.min.mjs`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: `file://${folder}/dist/${build}.mjs` };
  ort.env.wasm.wasmBinary = (await Deno.readFile(`${folder}/dist/${build}.wasm`)).buffer;
  return ort;
}

/** A graph of `copies` products [tokens, columns] x [columns, rows], each with weights of its own. */
function graphOfProducts(
  rows: number,
  columns: number,
  tokens: number,
  copies: number,
): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const blocks = columns / 32;
  graph.inputs.push({ name: "x", type: "float", dims: [tokens, columns] });
  const attributes = { K: columns, N: rows, bits: 4, block_size: 32, accuracy_level: 4 };
  for (let i = 0; i < copies; i++) {
    const quants = new Uint8Array(rows * blocks * 16);
    quants.forEach((_, at) => quants[at] = at * 37 + i);
    const scales = randomFloats(rows * blocks, i).map((v) => v / 100);
    const b = graph.bytes(`b${i}`, [rows, blocks, 16], quants);
    const s = graph.floats(`s${i}`, [rows * blocks], scales);
    const y = graph.op("MatMulNBits", ["x", b, s], attributes, "com.microsoft");
    graph.outputs.push({ name: graph.name(y, `y${i}`), type: "float", dims: [tokens, rows] });
  }
  return graph.write().graph;
}

/** Seconds of one product: the slope between few and many runs, so that what a read costs falls out. */
export async function measureMatMulNBits(
  { rows, columns, tokens, copies, rounds }: {
    rows: number;
    columns: number;
    tokens: number;
    copies: number;
    rounds: number;
  },
): Promise<number> {
  const ort = await onnxRuntimeWeb();
  const session = await ort.InferenceSession.create(graphOfProducts(rows, columns, tokens, copies), {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
  });
  const x = new ort.Tensor("float32", randomFloats(tokens * columns, 1), [tokens, columns]);
  const run = async (times: number): Promise<number> => {
    const start = performance.now();
    let last;
    for (let i = 0; i < times; i++) {
      const outputs = await session.run({ x });
      last = outputs[`y${copies - 1}`];
      for (const [name, tensor] of Object.entries<{ dispose(): void }>(outputs)) {
        if (name !== `y${copies - 1}` || i < times - 1) tensor.dispose();
      }
    }
    await last.getData(true);
    return (performance.now() - start) / 1000;
  };
  const few = 2, many = 8;
  await run(few);
  const slopes: number[] = [];
  for (let round = 0; round < rounds; round++) slopes.push((await run(many) - await run(few)) / (many - few));
  await session.release();
  return Math.max(0, median(slopes)) / copies;
}
