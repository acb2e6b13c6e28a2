/** A small file's content, read anew when the file has changed. */
import { existsSync, lstatSync } from "node:fs";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

const absent = "none";
/** A folder that has changed so long ago has another time when it changes again, on every file system. */
const settledMs = 3000;

export class KeptFile<T> {
  readonly path: string;
  readonly #parse: (text: string | undefined) => T;
  #read?: { mark: string; result: { value: T } | { error: unknown } };
  #version = 0;
  /** At this moment. */
  #looked = false;
  /** Its folder as it is while the file is not in it: to look for what is absent takes three times as long. */
  #without?: string;

  /** `parse` gets undefined where there is no file; a link that leads nowhere is an error. */
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
    if (this.#without !== undefined && this.#without === markOf(folderOf(this.path))) return this.#version;
    const mark = this.#look();
    if (this.#read?.mark !== mark) {
      this.#read = { mark, result: this.#load() };
      this.#version++;
    }
    return this.#version;
  }

  #look(): string {
    const folder = markOf(folderOf(this.path)); // before the file: what comes between changes the folder again
    const mark = markOf(this.path);
    const isSettled = Date.now() - Number(folder.split(" ")[0]) > settledMs;
    this.#without = mark === absent && isSettled ? folder : undefined;
    return mark;
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
  // An exception for each look would cost six times as much.
  if (!existsSync(path)) return isLink(path) ? "leads nowhere" : absent;
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return absent;
  }
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";

/** Whether the place holds a link, wherever that leads. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    if (!isAbsent) throw error;
    if (!isLink(path)) return undefined;
    throw new SkiffError("invalid_input", `${path} is a link that leads nowhere`);
  }
}
