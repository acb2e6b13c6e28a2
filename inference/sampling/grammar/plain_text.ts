/**
 * How much plain text a configuration is sure to allow. Plain characters are those that stand for themselves
 * in a JSON string: all but the quote, the backslash, DEL and the controls; they are sorted into a few kinds
 * (small letters, capitals, digits, …). Inside strings this answers for most of the vocabulary at once.
 */
import type { Automaton, Configuration } from "./automaton.ts";
import {
  type ByteSequence,
  charactersOf,
  type CodePointSet,
  difference,
  union,
  utf8Sequences,
} from "./code_points.ts";

const plainAscii = charactersOf("", " !", "#[", "]~");
const beyondAscii: CodePointSet = [[0x80, 0x10ffff]];
const named = [charactersOf("", "az"), charactersOf("", "AZ"), charactersOf("", "09"), beyondAscii];
const single = [..." -_.,;:/'()"].map((character) => charactersOf(character));
const rest = difference(plainAscii, union(...named, ...single));
const kinds: ByteSequence[][] = [...named, ...single, rest].map(utf8Sequences);

/** Bits of all kinds. */
export const allKinds = (1 << kinds.length) - 1;

const kindOfByte = new Uint32Array(256);
kinds.forEach((sequences, kind) => {
  for (const [[first, last]] of sequences) kindOfByte.fill(1 << kind, first, last + 1);
});

/** The bit of the kind of the plain characters that begin with a byte; 0 for continuation bytes. */
export function kindBit(byte: number): number {
  return kindOfByte[byte];
}

/** A configuration to which all characters of some kinds lead, whichever they are. */
export interface PlainStep {
  /** Bits. */
  kinds: number;
  next: Configuration | null;
}

/** At least so many characters of these kinds may follow, whichever they are; counted up to `limit`. */
export function plainCharacters(
  automaton: Automaton,
  from: Configuration,
  kindBits: number,
  limit: number,
): number {
  let at = from;
  for (let count = 0; count < limit; count++) {
    const step: PlainStep = at.plainStep ??= plainStep(automaton, at);
    if ((kindBits & ~step.kinds) !== 0 || step.next === null) return count;
    if (step.next === at) return limit;
    at = step.next;
  }
  return limit;
}

/** The configuration that most kinds lead to. */
function plainStep(automaton: Automaton, from: Configuration): PlainStep {
  const bits = new Map<Configuration, number>();
  let best: PlainStep = { kinds: 0, next: null };
  kinds.forEach((sequences, kind) => {
    const next = afterAny(automaton, from, sequences);
    if (next === null) return;
    const all = (bits.get(next) ?? 0) | 1 << kind;
    bits.set(next, all);
    if (bitCount(all) > bitCount(best.kinds)) best = { kinds: all, next };
  });
  return best;
}

function bitCount(bits: number): number {
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** The configuration after any one of the characters, when it is the same for all of them. */
function afterAny(
  automaton: Automaton,
  from: Configuration,
  sequences: ByteSequence[],
): Configuration | null {
  const { classOf } = automaton;
  let result: Configuration | null = null;
  for (const ranges of sequences) {
    let reached = new Set([from]);
    for (const [low, high] of ranges) {
      const next = new Set<Configuration>();
      for (const at of reached) {
        for (let byte = low; byte <= high; byte++) {
          if (byte > low && classOf[byte] === classOf[byte - 1]) continue; // leads where the byte before led
          const to = automaton.step(at, byte);
          if (to === null) return null;
          next.add(to);
        }
      }
      reached = next;
    }
    for (const at of reached) {
      if (result !== null && at !== result) return null;
      result = at;
    }
  }
  return result;
}
