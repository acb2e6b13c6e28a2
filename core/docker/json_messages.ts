/** JSON values one after the other, as the Engine's streams send them: by lines, glued, or as RFC 7464 texts. */
import { SkiffError } from "../errors/skiff_error.ts";

const longestMessage = 32 * 1024 * 1024;
const [quote, backslash, open, close, openList, closeList] = [...'"\\{}[]'].map((char) => char.charCodeAt(0));

/** Each object as soon as its last byte is there. Throws "corrupt" for what is no JSON. */
export async function* jsonMessages<T>(readable: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const scanner = new ObjectScanner();
  for await (const bytes of readable) {
    for (const text of scanner.push(bytes)) yield parse<T>(text);
  }
  if (scanner.isInside) {
    throw new SkiffError("network", "The Docker Engine broke off in the middle of a message");
  }
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SkiffError("corrupt", "The Docker Engine sent a message that is no JSON", { cause: error });
  }
}

/** Finds where objects end, by depth, across pieces. */
class ObjectScanner {
  readonly #decoder = new TextDecoder();
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  get isInside(): boolean {
    return this.#depth > 0;
  }

  *push(bytes: Uint8Array): Generator<string> {
    let start = this.#depth > 0 ? 0 : -1;
    for (let i = 0; i < bytes.length; i++) {
      const ended = this.#step(bytes[i]);
      if (start < 0 && this.#depth > 0) start = i;
      if (!ended) continue;
      yield this.#take(bytes.subarray(start, i + 1), false);
      start = -1;
    }
    if (start >= 0) this.#text = this.#take(bytes.subarray(start), true);
    if (this.#text.length > longestMessage) {
      throw new SkiffError("corrupt", "The Docker Engine sent a message that is too long");
    }
  }

  #take(bytes: Uint8Array, stream: boolean): string {
    const text = this.#text + this.#decoder.decode(bytes, { stream });
    this.#text = "";
    return text;
  }

  /** Whether this byte ends an object. */
  #step(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
      return false;
    }
    if (byte === quote) this.#inString = this.#depth > 0;
    else if (byte === open || byte === openList) this.#depth++;
    else if ((byte === close || byte === closeList) && this.#depth > 0) return --this.#depth === 0;
    return false;
  }
}
