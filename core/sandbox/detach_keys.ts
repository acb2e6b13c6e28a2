/**
 * The keys that leave a program running, as Docker writes them ("ctrl-p,ctrl-q"). They are watched for here:
 * when older Engines see them in the stream themselves, they end the program.
 */
import { SkiffError } from "../errors/skiff_error.ts";

/** A sequence that nobody types, for the Engine's own watch. */
export const unusedKeys = "ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^";

/** The bytes of "ctrl-p,ctrl-q", "a,b", "ctrl-@". Throws "usage". */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(","), (key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control) return control.toUpperCase().charCodeAt(0) - 64;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new SkiffError("usage", `--detach-keys ${text} are no keys`, {
      hint: "Write them like ctrl-p,ctrl-q: letters, or ctrl- and a letter or one of @ [ \\ ] ^ _.",
    });
  });
}

/** Finds the keys in what is typed. What may become the sequence is held back until it is known. */
export class DetachWatch {
  readonly #keys: Uint8Array;
  #held = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What is to be passed on, and whether the sequence was completed. */
  push(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#held]) {
        if (++this.#held === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      pass.push(...this.#keys.subarray(0, this.#held));
      this.#held = byte === this.#keys[0] ? 1 : 0;
      if (this.#held === 0) pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}
