/** Constraints in progress: a configuration of the automaton, moved on by tokens. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { CompiledConstraint, Constraint } from "../options.ts";
import type { Automaton, Configuration } from "./automaton.ts";
import type { TokenMasks } from "./token_masks.ts";

/** What all constraints of one grammar and vocabulary share. */
export function compiledConstraint(automaton: Automaton, masks: TokenMasks): CompiledConstraint {
  return {
    start(prefix = "") {
      let at: Configuration | null = automaton.start();
      for (const byte of new TextEncoder().encode(prefix)) {
        at = automaton.step(at, byte);
        if (at === null) return undefined;
      }
      return new GrammarConstraint(automaton, masks, at);
    },
  };
}

class GrammarConstraint implements Constraint {
  readonly #automaton: Automaton;
  readonly #masks: TokenMasks;
  #at: Configuration;

  constructor(automaton: Automaton, masks: TokenMasks, at: Configuration) {
    this.#automaton = automaton;
    this.#masks = masks;
    this.#at = at;
  }

  allows(token: number): boolean {
    return this.#masks.next(this.#at, token) !== null;
  }

  mask(): Uint32Array {
    return this.#masks.mask(this.#at);
  }

  accept(token: number): void {
    const next = this.#masks.next(this.#at, token);
    if (next === null) {
      throw new SkiffError("internal", `The grammar does not allow the token ${token} that was chosen`);
    }
    this.#at = next;
  }

  get finished(): boolean {
    const { live, atEnd } = this.#automaton.expand(this.#at);
    return atEnd && live.length === 0;
  }

  clone(): Constraint {
    return new GrammarConstraint(this.#automaton, this.#masks, this.#at);
  }
}
