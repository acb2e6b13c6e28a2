/** Values of quantised tensors are llama.cpp's to the bit. */
import assert from "node:assert/strict";
import { weightTypes } from "../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { dequantise } from "../../../inference/gguf/dequantise.ts";
import { floatToHalf, halfToFloat } from "../../../inference/gguf/half.ts";
import { tensorType } from "../../../inference/gguf/tensor_types.ts";
import { ggml } from "../../support/ggml.ts";

import { realTest } from "../../support/parts.ts";
import { uniform } from "../../support/random_values.ts";

const elements = 256 * 64;

realTest("dequantise() gives llama.cpp's values to the bit", ggml, async (ggml, t) => {
  for (const type of weightTypes) {
    await t.step(type, () => {
      const random = uniform(1);
      const values = Float32Array.from(
        { length: elements },
        () => (random() - 0.5) * 10 ** (4 * random() - 3),
      );
      const bytes = ggml.quantise(type, values, 256);
      assertSameBits(dequantise(type, bytes, elements), ggml.dequantise(type, bytes, elements));
    });
  }
});

realTest("dequantise() takes any bits of a block as llama.cpp does", ggml, async (ggml, t) => {
  for (const type of weightTypes) {
    await t.step(type, () => {
      const random = uniform(2);
      const { blockBytes, blockSize } = tensorType(type)!;
      const bytes = Uint8Array.from({ length: elements / blockSize * blockBytes }, () => random() * 256);
      assertSameBits(dequantise(type, bytes, elements), ggml.dequantise(type, bytes, elements));
    });
  }
});

Deno.test("every half is its own nearest half", () => {
  for (let half = 0; half < 65_536; half++) {
    const value = halfToFloat(half);
    if (!Number.isNaN(value)) assert.equal(floatToHalf(value), half, String(value));
  }
});

function assertSameBits(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const same = Object.is(actual[i], expected[i]) || actual[i] === 0 && expected[i] === 0;
    assert.ok(same, `value ${i} is ${actual[i]}, llama.cpp says ${expected[i]}`);
  }
}
