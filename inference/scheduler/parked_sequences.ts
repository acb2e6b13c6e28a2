/**
 * Kept sequences moved out of the engine's cache into plain memory. Sequences share one cache, in which even
 * tokens of others cost every step a little; out here they cost nothing until a prompt continues them.
 */
import type { Engine } from "../engines/engine.ts";
import type { Slot } from "./sequence_slots.ts";

export interface ParkedSequence {
  tokens: number[];
  checkpoint?: Slot["checkpoint"];
  state: Uint8Array;
  lastUsed: number;
}

export class ParkedSequences {
  readonly #engine: Engine;
  readonly #limitBytes: number;
  #entries: ParkedSequence[] = [];
  /** Of the state last seen, so that one which is too large is not copied to find that out. */
  #bytesPerToken = 0;

  constructor(engine: Engine, limitBytes: number) {
    this.#engine = engine;
    this.#limitBytes = limitBytes;
  }

  /** Whether the engine can do it at all. */
  get possible(): boolean {
    return this.#limitBytes > 0 && !!this.#engine.saveSequence && !!this.#engine.restoreSequence;
  }

  get entries(): readonly ParkedSequence[] {
    return this.#entries;
  }

  /** Copies what a slot holds; those used longest ago go when it gets too much. False when it does not fit. */
  park({ id, tokens, checkpoint, lastUsed }: Slot): boolean {
    if (tokens.length * this.#bytesPerToken > this.#limitBytes) return false;
    const state = this.#engine.saveSequence!(id);
    this.#bytesPerToken = state.byteLength / tokens.length;
    if (state.byteLength > this.#limitBytes) return false;
    this.#entries = this.#entries.filter((entry) => !isPrefix(entry.tokens, tokens));
    this.#entries.push({ tokens, checkpoint, state, lastUsed });
    let bytes = this.#entries.reduce((sum, entry) => sum + entry.state.byteLength, 0);
    while (bytes > this.#limitBytes) {
      const oldest = this.#entries.reduce((a, b) => b.lastUsed < a.lastUsed ? b : a);
      bytes -= oldest.state.byteLength;
      this.#remove(oldest);
    }
    return true;
  }

  /** Brings a sequence back into an empty slot; false, and forgotten, when the engine cannot take it. */
  restore(entry: ParkedSequence, slot: Slot): boolean {
    this.#remove(entry);
    try {
      this.#engine.restoreSequence!(slot.id, entry.state);
    } catch {
      this.#engine.freeSequence(slot.id);
      return false;
    }
    slot.tokens = entry.tokens;
    slot.checkpoint = entry.checkpoint;
    return true;
  }

  #remove(entry: ParkedSequence): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }
}

function isPrefix(short: number[], long: number[]): boolean {
  return short.length <= long.length && short.every((token, i) => token === long[i]);
}
