/** A small file's content, read anew when the file has changed. */

export class KeptFile<T> {
  readonly path: string;
  readonly #parse: (text: string | undefined) => T;
  #read?: { mark: string; result: { value: T } | { error: unknown } };
  #version = 0;
  /** At this moment. */
  #looked = false;

  /** `parse` gets undefined where there is no file. */
  constructor(path: string, parse: (text: string | undefined) => T) {
    this.path = path;
    this.#parse = parse;
  }

  /** What the file held when it was last looked at. Throws what `parse` and reading threw then. */
  get value(): T {
    if (!this.#read) this.refresh();
    const { result } = this.#read!;
    if ("error" in result) throw result.error;
    return result.value;
  }

  /**
   * Looks whether the file is another one now, once for all that ask at the same moment: it takes some microseconds,
   * as much as a whole call where many come at once. Gives a number that grows with every change.
   */
  refresh(): number {
    if (this.#looked) return this.#version;
    this.#looked = true;
    queueMicrotask(() => this.#looked = false); // many calls that came at once ask in one row of microtasks
    const mark = markOf(this.path);
    if (this.#read?.mark !== mark) {
      this.#read = { mark, result: this.#load() };
      this.#version++;
    }
    return this.#version;
  }

  #load(): { value: T } | { error: unknown } {
    try {
      return { value: this.#parse(textOf(this.path)) };
    } catch (error) {
      return { error };
    }
  }
}

/** Tells versions of a file apart: it is replaced by renaming, or written again. */
function markOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return "none";
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
