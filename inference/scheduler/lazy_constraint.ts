/** A constraint that holds from the start of a text, or begins after the first of some trigger texts in it. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { CompiledConstraint, Constraint } from "../sampling/options.ts";

export class LazyConstraint {
  readonly #compiled: CompiledConstraint;
  readonly #triggers: string[];
  readonly #longest: number;
  #seen = "";
  /** What holds for the next token; undefined while no trigger was met. */
  active?: Constraint;

  /** Throws "invalid_input" when the constraint cannot begin. */
  constructor(compiled: CompiledConstraint, triggers: string[] = []) {
    this.#compiled = compiled;
    this.#triggers = triggers.filter((trigger) => trigger.length > 0);
    this.#longest = Math.max(0, ...this.#triggers.map((trigger) => trigger.length));
    if (this.#triggers.length > 0) return;
    this.active = compiled.start();
    if (!this.active) throw new SkiffError("invalid_input", "The grammar or schema allows no text at all");
  }

  /** Tells it of a token and the text it brought. */
  accept(token: number, text: string): void {
    if (this.active) this.active.accept(token);
    else if (text.length > 0) this.#lookForTrigger(text);
  }

  /** Nothing but the end may follow. */
  get finished(): boolean {
    return this.active?.finished ?? false;
  }

  #lookForTrigger(text: string): void {
    this.#seen += text;
    const ends = this.#triggers.map((trigger) => this.#seen.indexOf(trigger) + trigger.length)
      .filter((end, i) => end >= this.#triggers[i].length);
    if (ends.length > 0) {
      const end = Math.min(...ends);
      this.active = this.#compiled.start(this.#seen.slice(end) || undefined);
      this.#seen = this.#seen.slice(end);
    } else {
      this.#seen = this.#seen.slice(-this.#longest);
    }
  }
}
