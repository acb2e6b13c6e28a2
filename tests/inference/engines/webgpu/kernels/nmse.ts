/** The error measure of llama.cpp's test-backend-ops: Σ (a - b)² / Σ b², b the reference. */
import assert from "node:assert/strict";

export function nmse(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let difference = 0;
  let power = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    power += expected[i] ** 2;
  }
  return difference === 0 ? 0 : difference / power;
}

/** Fails, with both figures, when the error is larger, or not a number. */
export function assertNmse(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: number,
  what: string,
): void {
  const error = nmse(actual, expected);
  assert.ok(error <= limit, `${what}: NMSE ${error.toExponential(2)}, more than ${limit}`);
}
