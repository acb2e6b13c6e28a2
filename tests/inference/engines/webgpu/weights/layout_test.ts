/** How weights lie on the GPU: as few bytes as in the file, aligned planes, parts that a binding can hold. */
import assert from "node:assert/strict";
import { partLayout, partRows, weightBytes } from "../../../../../inference/engines/webgpu/weights/layout.ts";
import { weightTypes } from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorBytes, tensorType } from "../../../../../inference/gguf/tensor_types.ts";

for (const type of weightTypes) {
  Deno.test(`${type} takes at most 4 % more on the GPU than in the file`, () => {
    for (const [rows, columns] of [[4096, 4096], [576, 1536], [49_152, 768]]) {
      const inFile = tensorBytes(tensorType(type)!, rows * columns);
      const ratio = weightBytes(type, rows, columns) / inFile;
      assert.ok(ratio >= 1 && ratio <= 1.04, `${rows} x ${columns}: ${ratio}`);
    }
  });

  Deno.test(`planes of ${type} begin at multiples of 16 bytes, one after another`, () => {
    for (const rows of [1, 3, 64, 257]) {
      const { planes, bytes, paddedRows } = partLayout(type, rows, 768);
      let end = 0;
      for (const { offset, rowBytes } of planes) {
        assert.ok(offset % 16 === 0 && offset >= end);
        end = offset + rowBytes * paddedRows;
        assert.equal(rowBytes * 4 % 4, 0, "four rows are whole words");
      }
      assert.ok(bytes >= end && bytes < end + 16);
    }
  });
}

Deno.test("partRows() cuts into parts that fit, at multiples of what stays together", () => {
  const limit = 2 ** 27;
  for (
    const [rows, columns, unit] of [[128_256, 4096, 64], [262_144, 1152, 64], [100, 64, 64], [
      32 * 5760,
      2880,
      5760,
    ]]
  ) {
    const parts = partRows("Q8_0", rows, columns, limit, unit);
    assert.equal(parts.reduce((sum, part) => sum + part, 0), rows);
    for (const [i, part] of parts.entries()) {
      assert.ok(weightBytes("Q8_0", part, columns) <= limit);
      if (i < parts.length - 1) assert.equal(part % unit, 0);
    }
  }
});

Deno.test("partRows() says when not even what stays together fits", () => {
  assert.deepEqual(partRows("F32", 64, 4096, 2 ** 19), []);
});
