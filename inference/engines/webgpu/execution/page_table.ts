/**
 * Which pages of the cache hold which positions of which sequence. Sequences that begin alike share pages; a page
 * that is shared is copied before it is written to. Plain bookkeeping: what the GPU holds is in kv_cache.ts.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { pagePositions } from "../kernels/attention.ts";

/** A page whose content another takes over before the next step. */
export interface PageCopy {
  from: number;
  to: number;
}

export interface Growth {
  /** Cells of the new positions, in order. */
  cells: Uint32Array;
  copies: PageCopy[];
}

/** A sequence gets `length - held` further positions. */
export interface GrowthRequest {
  sequence: number;
  length: number;
}

export class PageTable {
  /** Words of the table for one sequence. */
  readonly pagesPerSequence: number;
  /** For each sequence its pages, as kernels read them. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #lengths: number[];
  /** How many sequences use a page. */
  readonly #users: Uint32Array;
  readonly #free: number[];
  readonly #changed = new Set<number>();
  readonly #contextTokens: number;

  constructor(options: { sequences: number; contextTokens: number; pages: number }) {
    const { sequences, contextTokens, pages } = options;
    this.#contextTokens = contextTokens;
    this.pagesPerSequence = Math.ceil(contextTokens / pagePositions);
    this.words = new Uint32Array(sequences * this.pagesPerSequence);
    this.#lengths = new Array(sequences).fill(0);
    this.#users = new Uint32Array(pages);
    this.#free = Array.from({ length: pages }, (_, i) => pages - 1 - i);
  }

  /** Positions that a sequence holds. */
  length(sequence: number): number {
    return this.#lengths[sequence];
  }

  get freePages(): number {
    return this.#free.length;
  }

  /** Sequences whose words are to be written to the GPU; asking forgets them. */
  takeChanged(): number[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /**
   * Makes room for all of the requests or for none. Throws "context_overflow" when a sequence would be longer than
   * its context or the pages do not suffice.
   */
  grow(requests: readonly GrowthRequest[]): Map<number, Growth> {
    let needed = 0;
    const writers = new Map<number, number>();
    for (const { sequence, length } of requests) {
      if (length > this.#contextTokens) throw contextOverflow(this.#contextTokens);
      needed += pagesOf(length) - pagesOf(this.#lengths[sequence]);
      if (!this.#sharedTail(sequence)) continue;
      const page = this.words[sequence * this.pagesPerSequence + pagesOf(this.#lengths[sequence]) - 1];
      writers.set(page, (writers.get(page) ?? 0) + 1);
    }
    // the last one of a page's users keeps it
    for (const [page, count] of writers) needed += count - (count === this.#users[page] ? 1 : 0);
    if (needed > this.#free.length) throw contextOverflow(this.#contextTokens);
    return new Map(requests.map((request) => [request.sequence, this.#growOne(request)]));
  }

  #growOne({ sequence, length }: GrowthRequest): Growth {
    const held = this.#lengths[sequence];
    const base = sequence * this.pagesPerSequence;
    const copies: PageCopy[] = [];
    if (this.#sharedTail(sequence)) {
      const at = base + pagesOf(held) - 1;
      const from = this.words[at];
      this.#users[from]--;
      this.words[at] = this.#take();
      copies.push({ from, to: this.words[at] });
      this.#changed.add(sequence);
    }
    for (let page = pagesOf(held); page < pagesOf(length); page++) {
      this.words[base + page] = this.#take();
      this.#changed.add(sequence);
    }
    this.#lengths[sequence] = length;
    const cells = Uint32Array.from({ length: length - held }, (_, i) => {
      const position = held + i;
      return this.words[base + Math.floor(position / pagePositions)] * pagePositions +
        position % pagePositions;
    });
    return { cells, copies };
  }

  /** The page that the next position goes to is half full and has other users. */
  #sharedTail(sequence: number): boolean {
    const held = this.#lengths[sequence];
    if (held % pagePositions === 0) return false;
    return this.#users[this.words[sequence * this.pagesPerSequence + pagesOf(held) - 1]] > 1;
  }

  #take(): number {
    const page = this.#free.pop()!;
    this.#users[page] = 1;
    return page;
  }

  /** Keeps the positions [0, length). */
  truncate(sequence: number, length: number): void {
    const held = this.#lengths[sequence];
    if (length >= held) return;
    const base = sequence * this.pagesPerSequence;
    for (let page = pagesOf(length); page < pagesOf(held); page++) {
      const number = this.words[base + page];
      if (--this.#users[number] === 0) this.#free.push(number);
    }
    this.#lengths[sequence] = length;
  }

  /** Lets `to`, which is emptied, hold the positions [0, length) of `from`. */
  share(from: number, to: number, length: number): void {
    if (from === to) return this.truncate(to, length);
    const kept = Math.min(length, this.#lengths[from]);
    this.truncate(to, 0);
    for (let page = 0; page < pagesOf(kept); page++) {
      const number = this.words[from * this.pagesPerSequence + page];
      this.words[to * this.pagesPerSequence + page] = number;
      this.#users[number]++;
    }
    this.#lengths[to] = kept;
    this.#changed.add(to);
  }
}

export function pagesOf(positions: number): number {
  return Math.ceil(positions / pagePositions);
}

function contextOverflow(contextTokens: number): SkiffError {
  return new SkiffError("context_overflow", `The context of ${contextTokens} tokens is full`, {
    hint: "Shorten the conversation, or load the model with a larger context.",
    details: { n_ctx: contextTokens },
  });
}
