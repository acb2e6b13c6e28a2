/** Uploading: matrices of several tensors, slices, parts; what cannot be is said. */
import assert from "node:assert/strict";
import { type RowSource, WeightUpload } from "../../../../../inference/engines/webgpu/weights/upload.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";

/** Rows of F32 whose every value tells its row: `base` + row. */
function rowsFrom(base: number, rows: number, columns: number, reads: number[] = []): RowSource {
  return {
    rows,
    read(first, count) {
      reads.push(count);
      const values = Float32Array.from(
        { length: count * columns },
        (_, i) => base + first + Math.floor(i / columns),
      );
      return Promise.resolve(new Uint8Array(values.buffer));
    },
  };
}

realTest(
  "tensors are laid one after another, whatever slices and parts their rows fall into",
  testGpu,
  async (gpu) => {
    const columns = 32, arena = gpu.arena("test");
    const upload = new WeightUpload(gpu, arena, 128 * columns * 4);
    let bytes = 0;
    const matrix = await upload.matrix({
      type: "F32",
      columns,
      name: "qkv",
      sources: [rowsFrom(0, 100, columns), rowsFrom(100, 33, columns), rowsFrom(133, 70, columns)],
      onBytes: (count) => bytes += count,
    });
    assert.equal(bytes, 203 * columns * 4);
    assert.deepEqual(matrix.parts.map(({ firstRow, rows }) => [firstRow, rows]), [[0, 128], [128, 75]]);
    for (const { range, firstRow, rows } of matrix.parts) {
      const values = new Float32Array((await gpu.read(range)).buffer);
      for (let row = 0; row < rows; row++) assert.equal(values[row * columns + 7], firstRow + row);
    }
    arena.free();
  },
);

realTest("rows of gate and up alternate", testGpu, async (gpu) => {
  const columns = 32, arena = gpu.arena("test");
  const matrix = await new WeightUpload(gpu, arena).matrix({
    type: "F32",
    columns,
    order: "pairs",
    name: "ffn",
    sources: [rowsFrom(0, 40, columns), rowsFrom(1000, 40, columns)],
  });
  const values = new Float32Array((await gpu.read(matrix.parts[0].range)).buffer);
  for (let i = 0; i < 40; i++) {
    assert.equal(values[2 * i * columns], i);
    assert.equal(values[(2 * i + 1) * columns], 1000 + i);
  }
  arena.free();
});

realTest("a large tensor is read in slices of a few megabytes", testGpu, async (gpu) => {
  const reads: number[] = [];
  const columns = 4096, rows = 2048, arena = gpu.arena("test");
  const sources = [rowsFrom(0, rows, columns, reads)];
  await new WeightUpload(gpu, arena).matrix({ type: "F32", columns, name: "large", sources });
  assert.ok(reads.length >= 4 && Math.max(...reads) * columns * 4 <= 8 * 2 ** 20, reads.join());
  arena.free();
});

realTest("experts that a binding cannot hold are refused", testGpu, async (gpu) => {
  const arena = gpu.arena("test");
  const upload = new WeightUpload(gpu, arena, 1000);
  const request = {
    type: "F32",
    columns: 32,
    name: "exps",
    experts: 2,
    sources: [rowsFrom(0, 128, 32)],
  } as const;
  await assert.rejects(upload.matrix(request), /exps does not fit/);
});
