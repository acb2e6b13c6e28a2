/** How fast an engine reads a prompt and goes on from there. */
import type { Batch, Engine } from "../../../inference/engines/engine.ts";
import { median } from "../report.ts";

/** Tokens a second. */
export interface Speed {
  prompt: number;
  decode: number;
}

export interface SpeedOptions {
  promptTokens: number;
  decodeTokens: number;
  rounds: number;
}

/** Consecutive tokens of sequence 0; the logits of the last are wanted. */
export function benchBatch(first: number, count: number): Batch {
  return {
    tokens: Int32Array.from({ length: count }, (_, i) => 3 + (first + i) * 37 % 250),
    positions: Int32Array.from({ length: count }, (_, i) => first + i),
    sequences: new Int32Array(count),
    wanted: Uint8Array.from({ length: count }, (_, i) => i === count - 1 ? 1 : 0),
  };
}

/** Medians of rounds, after one to warm up. */
export async function speed(
  engine: Engine,
  { promptTokens, decodeTokens, rounds }: SpeedOptions,
): Promise<Speed> {
  const prompts: number[] = [];
  const decodes: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    engine.freeSequence(0);
    const start = performance.now();
    await engine.decode(benchBatch(0, promptTokens));
    const prefilled = performance.now();
    for (let i = 0; i < decodeTokens; i++) await engine.decode(benchBatch(promptTokens + i, 1));
    if (round === 0) continue;
    prompts.push(promptTokens / (prefilled - start) * 1000);
    decodes.push(decodeTokens / (performance.now() - prefilled) * 1000);
  }
  return { prompt: median(prompts), decode: median(decodes) };
}
