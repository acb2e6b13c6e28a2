/**
 * The engine's sequences and what each of them holds: the prefix cache. A finished answer's sequence is kept
 * until its place is needed, least recently used first; a new prompt continues the sequence that shares its
 * longest beginning, or a copy of it when that one is in use or worth keeping.
 */
import type { Engine } from "../engines/engine.ts";
import { type ParkedSequence, ParkedSequences } from "./parked_sequences.ts";

export interface Slot {
  /** Sequence id of the engine. */
  readonly id: number;
  /** The tokens whose keys and values the engine holds, by position. */
  tokens: number[];
  busy: boolean;
  /** Order of use, for eviction. */
  lastUsed: number;
  /** Logits after the first `length` tokens: an equal prompt needs no computing, and gets equal logits. */
  checkpoint?: { length: number; row: Float32Array };
}

export interface Acquired {
  slot: Slot;
  /** Tokens of the prompt that the slot holds already. */
  cached: number;
  /** Logits after the whole prompt, when they are known. Not to be modified. */
  row?: Float32Array;
}

/** Tokens by which a parked sequence must beat another: bringing it back costs as much as computing these. */
const worthRestoring = 32;
/** Idle tokens in the engine's cache that are left there. */
const worthParking = 256;

interface Match {
  slot: Slot;
  length: number;
}

export class SequenceSlots {
  readonly #engine: Engine;
  readonly #slots: Slot[];
  readonly #parked: ParkedSequences;
  readonly #discarded = new Set<Slot>();
  #clock = 0;

  /** `parkedBytes` = memory for sequences that are kept outside the engine; 0 = all stay inside. */
  constructor(engine: Engine, parkedBytes = 0) {
    this.#engine = engine;
    this.#parked = new ParkedSequences(engine, parkedBytes);
    this.#slots = Array.from({ length: engine.info.maxSequences }, (_, id) => ({
      id,
      tokens: [],
      busy: false,
      lastUsed: 0,
    }));
  }

  get free(): number {
    return this.#slots.reduce((count, slot) => count + (slot.busy ? 0 : 1), 0);
  }

  /**
   * A slot for `tokens` that holds as much of their beginning as can be had, at least one token less than all
   * unless the logits after them are known. Undefined when all slots are busy. With `reuse` off it is empty.
   */
  acquire(tokens: ArrayLike<number>, reuse: boolean): Acquired | undefined {
    if (this.free === 0) return undefined;
    const match = reuse ? this.#unpark(tokens, this.#bestMatch(tokens)) : undefined;
    const slot = match ? this.#place(match) : this.#leastUseful();
    const cached = match ? this.#bring(match, slot) : 0;
    if (cached === 0) this.#empty(slot);
    slot.busy = true;
    slot.lastUsed = ++this.#clock;
    if (cached * 2 < tokens.length) this.parkIdle(); // a continuation is to answer first
    const row = cached === tokens.length ? slot.checkpoint?.row : undefined;
    return { slot, cached, row };
  }

  /** Gives a slot back; what it holds is kept for later prompts when `keep`, else until `sweep`. */
  release(slot: Slot, keep: boolean): void {
    slot.busy = false;
    slot.lastUsed = ++this.#clock;
    if (!keep) this.#discarded.add(slot);
  }

  /** Empties a slot at the next `sweep` unless somebody uses it then. */
  discard(slot: Slot): void {
    this.#discarded.add(slot);
  }

  /** Frees what was given back and is not kept; apart from `release` because it ends the logits' validity. */
  sweep(): void {
    for (const slot of this.#discarded) if (!slot.busy) this.#empty(slot);
    this.#discarded.clear();
  }

  /** Drops the kept sequence that was used longest ago; false when there is none. */
  evict(): boolean {
    const kept = this.#slots.filter((slot) => !slot.busy && slot.tokens.length > 0);
    if (kept.length === 0) return false;
    this.#empty(kept.reduce((oldest, slot) => slot.lastUsed < oldest.lastUsed ? slot : oldest));
    return true;
  }

  /** Idle sequences leave the engine when they are more than a little in the way. */
  parkIdle(): void {
    if (!this.#parked.possible) return;
    const idle = this.#slots.filter((slot) => !slot.busy && slot.tokens.length > 0);
    if (idle.reduce((sum, { tokens }) => sum + tokens.length, 0) < worthParking) return;
    for (const slot of idle) if (this.#parked.park(slot)) this.#empty(slot);
  }

  /** After a failed batch: makes the engine hold again what the slot says; empties the slot if it cannot. */
  repair(slot: Slot): boolean {
    try {
      if (this.#engine.truncateSequence(slot.id, slot.tokens.length)) return true;
    } catch {
      // the sequence is lost; freed below
    }
    this.#empty(slot);
    return false;
  }

  /** When a parked sequence serves better than `match`: brings it back into an idle slot. */
  #unpark(tokens: ArrayLike<number>, match: Match | undefined): Match | undefined {
    let best = {
      length: (match?.length ?? 0) + worthRestoring,
      entry: undefined as ParkedSequence | undefined,
    };
    for (const entry of this.#parked.entries) {
      const length = this.#usable(entry, tokens);
      if (length > best.length) best = { length, entry };
    }
    if (!best.entry) return match;
    const slot = this.#leastUseful(match?.slot) ?? this.#leastUseful();
    this.#empty(slot);
    return this.#parked.restore(best.entry, slot) ? { slot, length: best.length } : this.#bestMatch(tokens);
  }

  #empty(slot: Slot): void {
    if (slot.tokens.length > 0 || slot.busy) this.#engine.freeSequence(slot.id);
    slot.tokens = [];
    slot.checkpoint = undefined;
  }

  #bestMatch(tokens: ArrayLike<number>): Match | undefined {
    let best: Match | undefined;
    for (const slot of this.#slots) {
      const length = this.#usable(slot, tokens);
      if (length === 0) continue;
      const better = !best || length > best.length ||
        (length === best.length && best.slot.busy && !slot.busy);
      if (better) best = { slot, length };
    }
    return best;
  }

  /** How many of the first tokens this slot can give. */
  #usable(slot: Pick<Slot, "tokens" | "checkpoint">, tokens: ArrayLike<number>): number {
    const shared = commonPrefix(slot.tokens, tokens);
    const known = shared === tokens.length && slot.checkpoint?.length === shared;
    const length = known ? shared : Math.min(shared, tokens.length - 1);
    // a recurrent state cannot be cut: it serves only prompts that continue all of it
    return this.#engine.info.canTruncate || length === slot.tokens.length ? length : 0;
  }

  /** Where a prompt goes that shares `length` tokens with a slot: there, or in a copy that leaves it whole. */
  #place({ slot, length }: Match): Slot {
    if (!slot.busy && length === slot.tokens.length) return slot;
    const other = this.#leastUseful(slot);
    if (slot.busy || !other) return other ?? slot;
    const mostOfIt = length * 2 >= slot.tokens.length;
    return other.tokens.length === 0 || !mostOfIt ? other : slot;
  }

  /** An idle slot, not `except`: an empty one, else the least recently used one. */
  #leastUseful(except?: Slot): Slot {
    const idle = this.#slots.filter((slot) => !slot.busy && slot !== except);
    return idle.find((slot) => slot.tokens.length === 0) ??
      idle.sort((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** Makes `target` hold the shared tokens; how many it holds then (0 when the engine cannot). */
  #bring({ slot, length }: Match, target: Slot): number {
    if (target === slot) {
      if (length < slot.tokens.length && !this.#engine.truncateSequence(slot.id, length)) return 0;
      slot.tokens.length = length;
    } else {
      this.#engine.copySequence(slot.id, target.id, length);
      target.tokens = slot.tokens.slice(0, length);
      target.checkpoint = slot.checkpoint;
    }
    if (target.checkpoint && target.checkpoint.length > length) target.checkpoint = undefined;
    return length;
  }
}

function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a[i] === b[i]) i++;
  return i;
}
