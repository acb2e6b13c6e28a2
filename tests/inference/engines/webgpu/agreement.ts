/** How alike two engines continue a text, by their logits at every position. */
import type { ModelPair } from "./model_pair.ts";
import { rowsOf, textBatch } from "./model_pair.ts";

export interface Agreement {
  positions: number;
  /** Share of positions at which both prefer the same token. */
  top: number;
  /** The same where the oracle's best two are more than 0.1 apart. */
  topWhereClear: number;
  /** Mean of Σ p · ln(p / q), p the oracle's probabilities; nats. */
  divergence: number;
  /** exp of the mean negative log probability of the text's next token. */
  perplexity: number;
  oraclePerplexity: number;
}

const chunk = 256;

/** Gives both engines the same text, and compares what they expect next. llama.cpp is the oracle. */
export async function agreement({ webgpu, llama }: ModelPair, tokens: readonly number[]): Promise<Agreement> {
  const sums = { top: 0, clear: 0, topClear: 0, divergence: 0, loss: 0, oracleLoss: 0 };
  const positions = tokens.length - 1;
  for (let first = 0; first < positions; first += chunk) {
    const part = tokens.slice(first, Math.min(first + chunk, positions));
    const expected = await rowsOf(llama, textBatch(part, 0, first));
    const actual = await rowsOf(webgpu, textBatch(part, 0, first));
    expected.forEach((row, i) => addPosition(sums, row, actual[i], tokens[first + i + 1]));
  }
  return {
    positions,
    top: sums.top / positions,
    topWhereClear: sums.topClear / sums.clear,
    divergence: sums.divergence / positions,
    perplexity: Math.exp(sums.loss / positions),
    oraclePerplexity: Math.exp(sums.oracleLoss / positions),
  };
}

function addPosition(
  sums: Record<"top" | "clear" | "topClear" | "divergence" | "loss" | "oracleLoss", number>,
  expected: Float32Array,
  actual: Float32Array,
  next: number,
): void {
  const [best, second] = bestTwo(expected);
  const agrees = bestTwo(actual)[0] === best;
  const clear = expected[best] - expected[second] > 0.1;
  sums.top += Number(agrees);
  sums.clear += Number(clear);
  sums.topClear += Number(agrees && clear);
  const [p, q] = [logSumExp(expected), logSumExp(actual)];
  let divergence = 0;
  for (let id = 0; id < expected.length; id++) {
    const logP = expected[id] - p;
    divergence += Math.exp(logP) * (logP - (actual[id] - q));
  }
  sums.divergence += divergence;
  sums.loss += q - actual[next];
  sums.oracleLoss += p - expected[next];
}

function bestTwo(row: Float32Array): [number, number] {
  let best = 0;
  let second = 1;
  if (row[second] > row[best]) [best, second] = [second, best];
  for (let id = 2; id < row.length; id++) {
    if (row[id] > row[best]) [best, second] = [id, best];
    else if (row[id] > row[second]) second = id;
  }
  return [best, second];
}

function logSumExp(row: Float32Array): number {
  const peak = row[bestTwo(row)[0]];
  let sum = 0;
  for (const value of row) sum += Math.exp(value - peak);
  return peak + Math.log(sum);
}
