/** Reproducible numbers for tests of arithmetic. */
import { seeded } from "./mutations.ts";

/** Numbers of [0, 1). */
export function uniform(seed: number): () => number {
  const random = seeded(seed);
  return () => random(2 ** 24) / 2 ** 24;
}

/** Numbers of [-1, 1), as llama.cpp's own kernel tests use them. */
export function randomFloats(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = uniform(seed);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}
