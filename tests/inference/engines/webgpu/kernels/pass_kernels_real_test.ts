/** Norms, gates and logit caps against f64. Attention has a file of its own. */
import { gate } from "../../../../../inference/engines/webgpu/kernels/gate.ts";
import { logitCap } from "../../../../../inference/engines/webgpu/kernels/logit_cap.ts";
import { norm } from "../../../../../inference/engines/webgpu/kernels/norm.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { gated, valuesOfQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { Bench } from "./run_dispatches.ts";

/** Int8 in two planes: half a step of 1 / 32,512 of a group's largest value. */
const limits = { plain: 1e-12, groups: 1e-8 };

interface NormCase {
  width: number;
  rows: number;
  add?: boolean;
  gather?: boolean;
}

const norms: NormCase[] = [
  { width: 32, rows: 1 },
  { width: 576, rows: 3 },
  { width: 2880, rows: 5, add: true },
  { width: 8192, rows: 2, add: true },
  { width: 1152, rows: 7, add: true, gather: true },
  { width: 96, rows: 70, gather: true },
];

for (const { width, rows, add = false, gather = false } of norms) {
  const what = `${rows} rows of ${width}${add ? ", after a normed branch" : ""}${
    gather ? ", of chosen rows" : ""
  }`;
  realTest(`norm() is the RMS norm of ${what}`, testGpu, async (gpu) => {
    const epsilon = 1e-5, scale = 0.22;
    const [stream, branch] = [randomFloats(rows * width, 1), randomFloats(rows * width, 2)];
    const vectors = randomFloats(2 * width, 3);
    const chosen = gather ? [rows - 1, 0] : Array.from({ length: rows }, (_, i) => i);
    const bench = new Bench(gpu);
    const plain = await bench.space(rows * width * 4);
    const groups = await bench.space(q8Bytes(rows, width));
    const shared = {
      step: await bench.step(rows),
      batch: await bench.input(Uint32Array.from([0, 0, 0, ...chosen])),
      pages: plain,
      vectors: await bench.input(vectors),
      unread: await bench.space(16),
      unwritten: await bench.space(16),
    };
    const shape = {
      width,
      epsilon,
      weight: 0,
      gather,
      wanted: 3,
      add: add ? { scale, post: width } : undefined,
    };
    const operands = {
      stream: await bench.input(stream),
      branch: await bench.input(branch),
      out: { plain, groups },
    };
    const dispatches = norm(shape, operands, shared);
    const size = chosen.length * width * 4;
    const found = new Float32Array(await bench.run(dispatches, chosen.length, { ...plain, size }));
    const rms = (row: Float64Array, weight: number) => {
      const square = row.reduce((sum, value) => sum + value * value, 0) / width;
      return row.map((value, i) => value / Math.sqrt(square + epsilon) * vectors[weight + i]);
    };
    const expected = chosen.flatMap((row) => {
      const x = Float64Array.from(stream.subarray(row * width, (row + 1) * width));
      const b = rms(Float64Array.from(branch.subarray(row * width, (row + 1) * width)), width);
      return [...rms(add ? x.map((value, i) => value + scale * b[i]) : x, 0)];
    });
    assertNmse(found, expected, limits.plain, "floats");
    const packed = await gpu.read({ ...groups, size: q8Bytes(chosen.length, width) });
    assertNmse(valuesOfQ8(packed, width), expected, limits.groups, "int8");
    bench.free();
  });
}

for (const kind of ["silu", "gelu", "swiglu_oai"] as const) {
  realTest(`gate() is ${kind} of the one half times the other`, testGpu, async (gpu) => {
    const width = 96, rows = 5;
    const gateUp = randomFloats(rows * 2 * width, 4).map((value) => value * 10);
    const bench = new Bench(gpu);
    const plain = await bench.space(rows * width * 4);
    const groups = await bench.space(q8Bytes(rows, width));
    const unused = await bench.space(16);
    const step = await gpu.uniform(16, "step");
    gpu.write(step, Uint32Array.of(rows, 0, 0, 0));
    const shared = { step, batch: unused, pages: unused, vectors: unused, unread: unused, unwritten: unused };
    const operands = { gateUp: await bench.input(gateUp), out: { plain, groups } };
    const dispatches = gate({ width, kind, perToken: 1 }, operands, shared);
    const found = new Float32Array(await bench.run(dispatches, rows, plain));
    const inTurn = Float64Array.from({ length: rows * 2 * width }, (_, i) => {
      const [row, column] = [Math.floor(i / (2 * width)), i % (2 * width)];
      return gateUp[row * 2 * width + (column >> 1) + (column & 1) * width];
    });
    assertNmse(found, gated(inTurn, kind), limits.plain, "floats");
    assertNmse(valuesOfQ8(await gpu.read(groups), width), gated(inTurn, kind), limits.groups, "int8");
    bench.free();
    step.buffer.destroy();
  });
}

realTest("logitCap() scales and caps", testGpu, async (gpu) => {
  const width = 100, rows = 3;
  const logits = randomFloats(rows * width, 5).map((value) => value * 60);
  const bench = new Bench(gpu);
  const range = await bench.input(logits);
  const found = await bench.run(logitCap(range, { width, scale: 0.5, softcap: 30 }), rows, range);
  const expected = Float64Array.from(logits, (value) => 30 * Math.tanh(value * 0.5 / 30));
  assertNmse(new Float32Array(found), expected, limits.plain, "logits");
  bench.free();
});
