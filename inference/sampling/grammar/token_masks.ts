/**
 * Which tokens may come next in a configuration of the automaton, as bit masks.
 *
 * Most tokens are decided by the frame on top of the stack alone (the observation of XGrammar): the trie is
 * walked once a frame, under an unknown stack. What remains are tokens that leave the frame's rule midway:
 * for these the walk notes the node where it left, and goes on from there under each stack that it meets.
 */
import type { Automaton, Configuration, Frame, TokenArc } from "./automaton.ts";
import { ByteBudgetCache } from "./mask_cache.ts";
import { allKinds, plainCharacters } from "./plain_text.ts";
import type { TokenTrie } from "./token_trie.ts";

/** What a frame decides by itself. */
interface FrameTokens {
  /** Allowed under every stack: a bit mask, or a list when there are few. */
  allowed: Uint32Array | Int32Array;
  isList: boolean;
  /** Trie nodes where the frame's rule may have ended, with undecided tokens below. */
  exits: number[];
  /** The rule may end before the token begins. */
  mayEnd: boolean;
}

/** Masks that are kept: shared by all constraints on one vocabulary. */
export type MaskCache = ByteBudgetCache<object, FrameTokens | Uint32Array>;

/** Nodes of a branch for which it pays to ask whether all of it is allowed. */
const smallestBranch = 4;

const keptBytes = 96 * 2 ** 20;

export function createMaskCache(): MaskCache {
  return new ByteBudgetCache(keptBytes);
}

export class TokenMasks {
  readonly #automaton: Automaton;
  readonly #trie: TokenTrie;
  readonly #cache: MaskCache;
  readonly #path: Configuration[] = [];

  constructor(automaton: Automaton, trie: TokenTrie, cache: MaskCache) {
    this.#automaton = automaton;
    this.#trie = trie;
    this.#cache = cache;
  }

  /** After the token; null when it may not come. Tokens that end the generation lead to the end. */
  next(from: Configuration, token: number): Configuration | null {
    const { offsets, bytes, endTokens } = this.#trie;
    const named = this.#automaton.namesTokens
      ? this.#automaton.stepToken(from, (arc) => this.#matches(arc, token))
      : null;
    if (endTokens.includes(token)) {
      return named ?? (this.#automaton.expand(from).atEnd ? this.#automaton.end : null);
    }
    const start = offsets[token], end = offsets[token + 1];
    if (!(start < end)) return named;
    let at: Configuration | null = from;
    for (let i = start; i < end && at !== null; i++) at = this.#automaton.step(at, bytes[i]);
    if (named === null || at === null) return named ?? at;
    return this.#automaton.unite([named, at]);
  }

  /** The mask in a configuration; cached, so not to be written to. */
  mask(at: Configuration): Uint32Array {
    const known = this.#cache.get(at);
    if (known) return known as Uint32Array;
    const mask = new Uint32Array((this.#trie.size + 31) >> 5);
    for (const { frame, parent } of at.cells) {
      const tokens = this.#frameTokens(frame);
      if (tokens.isList) { for (const token of tokens.allowed) setBit(mask, token); }
      else for (let i = 0; i < mask.length; i++) mask[i] |= tokens.allowed[i];
      if (tokens.mayEnd) {
        const above = this.mask(parent);
        for (let i = 0; i < mask.length; i++) mask[i] |= above[i];
      }
      for (const node of tokens.exits) this.#walk(node, parent, mask);
    }
    const { atEnd, live } = this.#automaton.expand(at);
    if (atEnd) { for (const token of this.#trie.endTokens) setBit(mask, token); }
    for (const { frame } of live) for (const arc of frame.tokenArcs) this.#allowNamed(arc, mask);
    this.#cache.set(at, mask, mask.byteLength);
    return mask;
  }

  #frameTokens(frame: Frame): FrameTokens {
    const known = this.#cache.get(frame);
    if (known) return known as FrameTokens;
    const { plainRoot, otherRoot, plainMasks, size } = this.#trie;
    const start = this.#automaton.enter(frame);
    const mask = new Uint32Array((size + 31) >> 5);
    const exits: number[] = [];
    this.#walk(otherRoot, start, mask, { exits });
    const sure = plainCharacters(this.#automaton, start, allKinds, plainMasks[0].characters);
    const allowed = plainMasks.find(({ characters }) => characters <= sure);
    if (allowed) { for (let i = 0; i < mask.length; i++) mask[i] |= allowed.mask[i]; }
    if (allowed !== plainMasks[0]) this.#walk(plainRoot, start, mask, { exits, known: allowed?.characters });
    const made: FrameTokens = {
      ...compact(mask),
      exits: exits.length === 0 ? exits : this.#undecided(exits, mask),
      mayEnd: this.#automaton.expand(start).escapes,
    };
    this.#cache.set(frame, made, made.allowed.byteLength + 8 * made.exits.length + 64);
    return made;
  }

  /**
   * Allows the tokens below a node that the configuration there can read. With `exits`, notes the nodes
   * where a configuration under an unknown stack was left. Plain tokens of up to `known` characters are
   * allowed already.
   */
  #walk(
    node: number,
    from: Configuration,
    mask: Uint32Array,
    { exits, known = 0 }: { exits?: number[]; known?: number } = {},
  ): void {
    const { byte, depth, end, first, tokens, remaining, longest, otherRoot } = this.#trie;
    const { classOf } = this.#automaton;
    const path = this.#path;
    const last = end[node];
    const plain = node < otherRoot;
    path[depth[node]] = from;
    for (let i = node + 1; i < last;) {
      if (plain && longest[i] <= known) {
        i = end[i];
        continue;
      }
      const d = depth[i];
      const before = path[d - 1];
      let at = before.next[classOf[byte[i]]];
      if (at === undefined) at = this.#automaton.step(before, byte[i]);
      if (at === null) {
        i = end[i];
        continue;
      }
      let allowedUpTo = i + 1;
      if (end[i] > i + 1) {
        if (plain && remaining[i] < 255 && end[i] - i >= smallestBranch && this.#allowsAll(at, i)) {
          allowedUpTo = end[i];
        } else if (exits && this.#automaton.expand(at).escapes) exits.push(i);
      }
      for (let k = first[i]; k < first[allowedUpTo]; k++) setBit(mask, tokens[k]);
      path[d] = at;
      i = allowedUpTo;
    }
  }

  /** Every text in the plain branch below a node may follow. */
  #allowsAll(at: Configuration, node: number): boolean {
    const characters = this.#trie.remaining[node];
    return plainCharacters(this.#automaton, at, this.#trie.kinds[node], characters) >= characters;
  }

  /** Drops exits below which every token is allowed already. */
  #undecided(exits: number[], mask: Uint32Array): number[] {
    const { first, end, tokens } = this.#trie;
    const allowedBefore = new Int32Array(tokens.length + 1);
    for (let k = 0; k < tokens.length; k++) {
      const token = tokens[k];
      allowedBefore[k + 1] = allowedBefore[k] + (mask[token >> 5] >>> (token & 31) & 1);
    }
    return exits.filter((node) => {
      const from = first[node + 1], to = first[end[node]];
      return allowedBefore[to] - allowedBefore[from] < to - from;
    });
  }

  #matches(arc: TokenArc, token: number): boolean {
    if (!arc.negated) return arc.token === token;
    return arc.token !== token && this.#trie.offsets[token] < this.#trie.offsets[token + 1];
  }

  #allowNamed(arc: TokenArc, mask: Uint32Array): void {
    if (!arc.negated) return setBit(mask, arc.token);
    const wasAllowed = mask[arc.token >> 5] >>> (arc.token & 31) & 1;
    for (let i = 0; i < mask.length; i++) mask[i] |= this.#trie.textMask[i];
    if (!wasAllowed) mask[arc.token >> 5] &= ~(1 << (arc.token & 31));
  }
}

function setBit(mask: Uint32Array, token: number): void {
  mask[token >> 5] |= 1 << (token & 31);
}

/** A list of the set bits where that is smaller than the mask. */
function compact(mask: Uint32Array): { allowed: Uint32Array | Int32Array; isList: boolean } {
  const list: number[] = [];
  for (let i = 0; i < mask.length; i++) {
    for (let word = mask[i]; word !== 0; word &= word - 1) {
      list.push(i * 32 + 31 - Math.clz32(word & -word));
      if (list.length > mask.length >> 2) return { allowed: mask, isList: false };
    }
  }
  return { allowed: Int32Array.from(list), isList: true };
}
