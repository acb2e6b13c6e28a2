/**
 * How much plain text a configuration is sure to allow. Plain characters are those that stand for themselves
 * in a JSON string: all but the quote, the backslash, DEL and the controls. Inside strings this answers for
 * nearly the whole vocabulary at once.
 */
import type { Automaton, Configuration } from "./automaton.ts";
import { utf8Sequences } from "./code_points.ts";

const plainSequences = utf8Sequences([[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0x10ffff]]);

/** At least so many plain characters may follow, whichever they are; counted up to `limit`. */
export function plainCharacters(automaton: Automaton, from: Configuration, limit: number): number {
  let at = from;
  for (let count = 0; count < limit; count++) {
    const next = at.afterPlain === undefined ? (at.afterPlain = afterPlain(automaton, at)) : at.afterPlain;
    if (next === null) return count;
    if (next === at) return limit;
    at = next;
  }
  return limit;
}

/** The configuration after any one plain character, when it is the same for all of them. */
function afterPlain(automaton: Automaton, from: Configuration): Configuration | null {
  let result: Configuration | undefined;
  for (const ranges of plainSequences) {
    let reached = new Set([from]);
    for (const [low, high] of ranges) {
      const next = new Set<Configuration>();
      for (const at of reached) {
        for (let byte = low; byte <= high; byte++) {
          const to = automaton.step(at, byte);
          if (to === null) return null;
          next.add(to);
        }
      }
      reached = next;
    }
    for (const at of reached) {
      if (result !== undefined && at !== result) return null;
      result = at;
    }
  }
  return result ?? null;
}
