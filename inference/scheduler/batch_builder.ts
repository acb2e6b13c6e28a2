/** Puts the tokens that answers wait for into one batch: running answers first, then prompts in order. */
import type { Batch } from "../engines/engine.ts";
import type { Answer } from "./answer.ts";

/** The part of a batch that belongs to one answer. */
export interface Share {
  answer: Answer;
  /** First index in the batch, and how many tokens. */
  from: number;
  count: number;
  /** All of its tokens are in the batch: the logits after the last one are wanted. */
  complete: boolean;
}

export interface PlannedBatch {
  batch: Batch;
  shares: Share[];
  /** Tokens beyond the one that each running answer needs. */
  promptTokens: number;
}

/**
 * At most `budget` tokens are given to answers with more than one token to compute; each running answer gets
 * its one token while `limit` allows. Undefined when nothing is to be computed.
 */
export function planBatch(
  answers: readonly Answer[],
  budget: number,
  limit: number,
): PlannedBatch | undefined {
  const shares: Share[] = [];
  let size = 0;
  const add = (answer: Answer, count: number) => {
    shares.push({ answer, from: size, count, complete: count === answer.pending });
    size += count;
  };
  for (const answer of answers) if (isRunning(answer) && size < limit) add(answer, 1);
  const running = size;
  const prompts = answers.filter((answer) => !isRunning(answer) && answer.pending > 0);
  const counts = divide(prompts.map(({ pending }) => pending), Math.min(budget, limit - running));
  prompts.forEach((answer, i) => counts[i] > 0 && add(answer, counts[i]));
  if (size === 0) return undefined;
  return { batch: fill(shares, size), shares, promptTokens: size - running };
}

/** Equal parts of at least `smallestPart`, so that no prompt waits behind a longer one; first come, first the rest. */
function divide(wanted: number[], budget: number): number[] {
  const part = Math.max(smallestPart, Math.floor(budget / Math.max(1, wanted.length)));
  let left = budget;
  const give = (most: number) => {
    const count = Math.min(most, left);
    left -= count;
    return count;
  };
  const counts = wanted.map((want) => give(Math.min(want, part)));
  return counts.map((count, i) => count + give(wanted[i] - count));
}

/** Smaller pieces cost more in overhead than they gain in fairness. */
const smallestPart = 32;

/** It has chosen a token and waits for the next; a prompt's beginning does not wait behind it. */
export function isRunning(answer: Answer): boolean {
  return answer.generated > 0 && answer.pending === 1;
}

function fill(shares: Share[], size: number): Batch {
  const batch = {
    tokens: new Int32Array(size),
    positions: new Int32Array(size),
    sequences: new Int32Array(size),
    wanted: new Uint8Array(size),
  };
  for (const { answer, from, count, complete } of shares) {
    const start = answer.slot!.tokens.length;
    for (let i = 0; i < count; i++) {
      batch.tokens[from + i] = answer.tokens[start + i];
      batch.positions[from + i] = start + i;
      batch.sequences[from + i] = answer.slot!.id;
    }
    if (complete) batch.wanted[from + count - 1] = 1;
  }
  return batch;
}
