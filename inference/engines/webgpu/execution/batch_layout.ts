/**
 * What kernels know of a micro-batch: one buffer that is written every step, with one write. First the step's
 * counts, which kernels see as a uniform, then, from `headerBytes` on:
 *
 *   rows    M × (token, position, cell of the cache, first word of the sequence's pages)
 *   tiles   M × (first row, rows, 0, 0): runs of a sequence's consecutive tokens
 *   wanted  M × row whose logits are wanted
 *   tokens  M × token
 *
 * Rows are ordered: first the tokens that are alone of their sequence, then the runs.
 */
import { pagePositions } from "../kernels/attention.ts";

/** A token of a batch with its place in the cache. */
export interface PlacedToken {
  token: number;
  position: number;
  sequence: number;
  cell: number;
  /** Index in the caller's batch. */
  index: number;
  wanted: boolean;
}

export interface BatchSections {
  /** M, a multiple of 64, so that every section begins at a multiple of 256 bytes. */
  capacity: number;
  bytes: number;
  /** In vec4. */
  tiles: number;
  /** In words. */
  wanted: number;
  tokens: number;
}

export function batchSections(maxRows: number): BatchSections {
  const capacity = Math.ceil(maxRows / 64) * 64;
  return { capacity, bytes: capacity * 40, tiles: capacity, wanted: capacity * 8, tokens: capacity * 9 };
}

/** Bytes before the sections; what a binding's offset is a multiple of. */
export const headerBytes = 256;

/** A micro-batch as its words, and how many there are of what. */
export interface LaidOutBatch {
  /** Header and sections; four words of the header are the counts of the step. */
  buffer: Uint32Array<ArrayBuffer>;
  /** The sections, within `buffer`. */
  words: Uint32Array<ArrayBuffer>;
  rows: number;
  singles: number;
  tiles: number;
  /** For each wanted row its index in the caller's batch, in the order of the rows. */
  wantedIndices: number[];
  /** Most pages that a single token looks at. */
  singlePages: number;
}

/** Tokens of one sequence side by side, by position; those that are alone first. */
export function orderTokens(tokens: PlacedToken[]): PlacedToken[] {
  const counts = new Map<number, number>();
  for (const { sequence } of tokens) counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
  const many = (token: PlacedToken) => counts.get(token.sequence)! > 1 ? 1 : 0;
  return tokens.toSorted((a, b) =>
    many(a) - many(b) || a.sequence - b.sequence || a.position - b.position || a.index - b.index
  );
}

/** A buffer for `layOutBatch` to fill again and again. */
export function batchBuffer({ bytes }: BatchSections): Uint32Array<ArrayBuffer> {
  return new Uint32Array((headerBytes + bytes) / 4);
}

/**
 * Lays out tokens in the order of `orderTokens`. `pageWords` = words of `pages` for a sequence. What an earlier batch
 * left in the buffer beyond this one's rows is read by nobody.
 */
export function layOutBatch(
  tokens: readonly PlacedToken[],
  sections: BatchSections,
  { pageWords, queries }: { pageWords: number; queries: number },
  buffer: Uint32Array<ArrayBuffer> = batchBuffer(sections),
): LaidOutBatch {
  const words = buffer.subarray(headerBytes / 4);
  const wantedIndices: number[] = [];
  tokens.forEach(({ token, position, sequence, cell, index, wanted }, row) => {
    words.set([token, position, cell, sequence * pageWords], row * 4);
    words[sections.tokens + row] = token;
    if (!wanted) return;
    words[sections.wanted + wantedIndices.length] = row;
    wantedIndices.push(index);
  });
  const laidOut = { buffer, words, rows: tokens.length, singles: 0, tiles: 0, wantedIndices, singlePages: 0 };
  for (let from = 0; from < tokens.length;) {
    let to = from + 1;
    while (to < tokens.length && tokens[to].sequence === tokens[from].sequence) to++;
    if (to === from + 1 && from === laidOut.singles) {
      laidOut.singles++;
      laidOut.singlePages = Math.max(
        laidOut.singlePages,
        Math.floor(tokens[from].position / pagePositions) + 1,
      );
    } else {
      for (let first = from; first < to; first += queries) {
        words.set([first, Math.min(queries, to - first)], (sections.tiles + laidOut.tiles++) * 4);
      }
    }
    from = to;
  }
  return laidOut;
}
