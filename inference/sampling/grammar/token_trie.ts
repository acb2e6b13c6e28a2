/**
 * The vocabulary as a prefix tree of the tokens' bytes, in flat arrays in depth-first order: the subtree of
 * node n is the nodes n..end[n]-1, and its tokens stand next to each other in `tokens`.
 *
 * Plain tokens, made of whole characters that every JSON string may contain, stand in a tree of their own:
 * inside a string the whole tree, or most of its branches, are allowed at once.
 */
import { type Tokenizer, tokenTypes } from "../../tokenizer/tokenizer.ts";
import { kindBit } from "./plain_text.ts";

export interface TokenTrie {
  /** V. */
  size: number;
  /** Per node: the byte that leads to it. */
  byte: Uint8Array;
  /** Per node: depth, 0 for the two roots. */
  depth: Uint16Array;
  /** Per node: the node after its subtree. */
  end: Int32Array;
  /** Per node: index in `tokens` of its first token; its own come before those of the nodes below. */
  first: Int32Array;
  tokens: Int32Array;
  /** Per node of the plain tree: most characters that follow in its subtree; 255 within a character. */
  remaining: Uint8Array;
  /** Per node of the plain tree: bits of the kinds of characters that begin in its subtree. */
  kinds: Uint32Array;
  /** Per node of the plain tree: characters of the longest token at or below it. */
  longest: Uint8Array;
  plainRoot: number;
  otherRoot: number;
  /** Bit masks of the plain tokens up to some numbers of characters, the largest first: that has them all. */
  plainMasks: { characters: number; mask: Uint32Array }[];
  /** Bit mask of all tokens with text that are not control tokens. */
  textMask: Uint32Array;
  endTokens: number[];
  /** The text of every token with text, one after the other: offsets[t]..offsets[t+1]. */
  bytes: Uint8Array;
  offsets: Int32Array;
}

const tries = new WeakMap<Tokenizer, TokenTrie>();

/** The trie of a tokenizer; made once, shared by all constraints. */
export function tokenTrie(tokenizer: Tokenizer): TokenTrie {
  let trie = tries.get(tokenizer);
  if (!trie) tries.set(tokenizer, trie = buildTrie(tokenizer));
  return trie;
}

/** The bytes that a token adds to the text; empty for control tokens and the like. */
function textBytes(tokenizer: Tokenizer, token: number): Uint8Array {
  const type = tokenizer.type(token);
  if (type === tokenTypes.control || type === tokenTypes.unknown) return new Uint8Array();
  if (tokenizer.isEndOfGeneration(token)) return new Uint8Array();
  return tokenizer.bytes(token);
}

function buildTrie(tokenizer: Tokenizer): TokenTrie {
  const { size } = tokenizer;
  const offsets = new Int32Array(size + 1);
  let bytes = new Uint8Array(size * 8 + 64);
  const endTokens: number[] = [];
  for (let token = 0; token < size; token++) {
    if (tokenizer.isEndOfGeneration(token)) endTokens.push(token);
    const text = textBytes(tokenizer, token);
    const end = offsets[token] + text.length;
    if (end > bytes.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(text, offsets[token]);
    offsets[token + 1] = end;
  }
  bytes = bytes.slice(0, offsets[size]);
  let longestToken = 0;
  for (let token = 0; token < size; token++) {
    longestToken = Math.max(longestToken, offsets[token + 1] - offsets[token]);
  }
  return { size, bytes, offsets, endTokens, ...flatten(insertAll(bytes, offsets), size, longestToken) };
}

/** Longer tokens count as not plain, so that a byte holds the number of characters. */
const longestCounted = 254;

/** Number of characters when the bytes are whole plain characters, else -1. */
function plainLength(bytes: Uint8Array, from: number, to: number): number {
  let characters = 0;
  for (let i = from; i < to; characters++) {
    const b = bytes[i];
    if (b < 0x80) {
      if (b < 0x20 || b === 0x22 || b === 0x5c || b === 0x7f) return -1;
      i++;
      continue;
    }
    const length = b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
    if (length === 0 || i + length > to) return -1;
    for (let k = 1; k < length; k++) if ((bytes[i + k] & 0xc0) !== 0x80) return -1;
    const second = bytes[i + 1];
    if (b === 0xe0 && second < 0xa0 || b === 0xed && second > 0x9f) return -1;
    if (b === 0xf0 && second < 0x90 || b === 0xf4 && second > 0x8f) return -1;
    i += length;
  }
  return characters <= longestCounted ? characters : -1;
}

/** A tree under construction: children as linked lists, found through a hash of (parent, byte). */
interface LinkedTree {
  count: number;
  byte: Uint8Array;
  child: Int32Array;
  sibling: Int32Array;
  /** Tokens as linked lists, per node. */
  token: Int32Array;
  nextToken: Int32Array;
  plainOf: Int16Array;
}

function insertAll(bytes: Uint8Array, offsets: Int32Array): LinkedTree {
  const size = offsets.length - 1;
  const capacity = bytes.length + 3;
  const tree: LinkedTree = {
    count: 2,
    byte: new Uint8Array(capacity),
    child: new Int32Array(capacity),
    sibling: new Int32Array(capacity),
    token: new Int32Array(capacity).fill(-1),
    nextToken: new Int32Array(size).fill(-1),
    plainOf: new Int16Array(size).fill(-1),
  };
  const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
  const table = new Int32Array(slots);
  const parentOf = new Int32Array(capacity);
  for (let token = 0; token < size; token++) {
    const from = offsets[token], to = offsets[token + 1];
    if (from === to) continue;
    const plain = plainLength(bytes, from, to);
    tree.plainOf[token] = plain;
    let node = plain >= 0 ? 0 : 1;
    for (let i = from; i < to; i++) {
      const b = bytes[i];
      let slot = Math.imul(node * 256 + b, 0x9e3779b1) >>> 0 & (slots - 1);
      let child = table[slot];
      while (child !== 0 && (parentOf[child] !== node || tree.byte[child] !== b)) {
        slot = slot + 1 & (slots - 1);
        child = table[slot];
      }
      if (child === 0) {
        child = table[slot] = tree.count++;
        parentOf[child] = node;
        tree.byte[child] = b;
        tree.sibling[child] = tree.child[node];
        tree.child[node] = child;
      }
      node = child;
    }
    tree.nextToken[token] = tree.token[node];
    tree.token[node] = token;
  }
  return tree;
}

type Flat = Omit<TokenTrie, "size" | "bytes" | "offsets" | "endTokens">;

function flatten(tree: LinkedTree, size: number, longestToken: number): Flat {
  const n = tree.count;
  const byte = new Uint8Array(n), depth = new Uint16Array(n), end = new Int32Array(n);
  const first = new Int32Array(n + 1),
    remaining = new Uint8Array(n),
    kinds = new Uint32Array(n),
    longest = new Uint8Array(n);
  const tokens = new Int32Array(size);
  const textMask = new Uint32Array((size + 31) >> 5);
  // The way down to the node at hand: the numbers of the nodes and of their next children.
  const deepest = 2 + longestToken;
  const place = new Int32Array(deepest), nextChild = new Int32Array(deepest);
  let node = 0, tokenCount = 0, level = 0;
  const enter = (from: number) => {
    place[level] = node;
    nextChild[level] = tree.child[from];
    byte[node] = tree.byte[from];
    depth[node] = level++;
    first[node++] = tokenCount;
    for (let t = tree.token[from]; t >= 0; t = tree.nextToken[t]) {
      tokens[tokenCount++] = t;
      textMask[t >> 5] |= 1 << (t & 31);
      if (tree.plainOf[t] > 0) longest[node - 1] = tree.plainOf[t];
    }
  };
  const starts = [0, 0];
  for (const root of [0, 1]) {
    starts[root] = node;
    enter(root);
    while (level > 0) {
      const child = nextChild[level - 1];
      if (child !== 0) {
        nextChild[level - 1] = tree.sibling[child];
        enter(child);
        continue;
      }
      const at = place[--level];
      end[at] = node;
      if (root === 0) describeBranch(at, node, { byte, end, remaining, kinds, longest });
    }
    if (root === 0) markWithinCharacters(node, byte, end, remaining);
  }
  first[n] = tokenCount;
  const shape = { byte, depth, end, first, tokens: tokens.slice(0, tokenCount), remaining, kinds, longest };
  const plainMasks = masksByLength(tree.plainOf, longest[starts[0]]);
  return { ...shape, plainRoot: starts[0], otherRoot: starts[1], plainMasks, textMask };
}

type Branches = Pick<TokenTrie, "byte" | "end" | "remaining" | "kinds" | "longest">;

/** Number on the longest path, and kinds, of the characters that begin in a subtree whose children are done. */
function describeBranch(at: number, last: number, { byte, end, remaining, kinds, longest }: Branches): void {
  for (let child = at + 1; child < last; child = end[child]) {
    const kind = kindBit(byte[child]);
    kinds[at] |= kinds[child] | kind;
    longest[at] = Math.max(longest[at], longest[child]);
    remaining[at] = Math.max(remaining[at], remaining[child] + (kind !== 0 ? 1 : 0));
  }
}

function masksByLength(plainOf: Int16Array, longest: number): TokenTrie["plainMasks"] {
  return [longest, 64, 32, 16, 8, 4].filter((characters) => characters <= longest).map((characters) => {
    const mask = new Uint32Array((plainOf.length + 31) >> 5);
    for (let t = 0; t < plainOf.length; t++) {
      if (plainOf[t] > 0 && plainOf[t] <= characters) mask[t >> 5] |= 1 << (t & 31);
    }
    return { characters, mask };
  });
}

/** No branch may be taken whole from the middle of a character. */
function markWithinCharacters(nodes: number, byte: Uint8Array, end: Int32Array, remaining: Uint8Array): void {
  for (let node = 0; node < nodes; node++) {
    if (end[node] > node + 1 && (byte[node + 1] & 0xc0) === 0x80) remaining[node] = 255;
  }
}
