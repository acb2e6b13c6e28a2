/**
 * The model's text on its way through a parser. Parsers are generators: they yield when they need more text
 * than has arrived, so a marker may be cut anywhere. Consumed text is let go; only a pinned stretch is kept,
 * to give it back as plain text when it turns out to be none of the parser's business.
 */

/** A parser that waits for text by yielding. */
export type Parsing<T = void> = Generator<undefined, T, undefined>;

export class AnswerInput {
  #text = "";
  #at = 0;
  #pinned: string | undefined;
  #ended = false;

  feed(text: string): void {
    this.#text = this.#text.slice(this.#at) + text;
    this.#at = 0;
  }

  end(): void {
    this.#ended = true;
  }

  /** From here on, what is consumed is also kept, until `unpin`. */
  pin(kept = ""): void {
    this.#pinned = kept;
  }

  unpin(): string {
    const kept = this.#pinned ?? "";
    this.#pinned = undefined;
    return kept;
  }

  #take(count: number): string {
    const taken = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    if (this.#pinned !== undefined) this.#pinned += taken;
    return taken;
  }

  get #left(): number {
    return this.#text.length - this.#at;
  }

  /** The next character without consuming it; "" at the end. */
  *peek(): Parsing<string> {
    while (this.#left === 0 && !this.#ended) yield;
    return this.#text.charAt(this.#at);
  }

  *next(): Parsing<string> {
    yield* this.peek();
    return this.#take(1);
  }

  /** Whether this literal comes next; it is consumed if so. */
  *accept(literal: string): Parsing<boolean> {
    return (yield* this.acceptAny([literal])) !== undefined;
  }

  /** The first of the literals that comes next, consumed. */
  *acceptAny(literals: string[]): Parsing<string | undefined> {
    while (true) {
      const have = this.#text.slice(this.#at, this.#at + Math.max(...literals.map((l) => l.length)));
      const undecided = literals.some((l) => l.length > have.length && l.startsWith(have));
      if (!undecided || this.#ended) {
        const found = literals.find((l) => have.startsWith(l));
        if (found !== undefined) this.#take(found.length);
        return found;
      }
      yield;
    }
  }

  *skipSpace(): Parsing<string> {
    return yield* this.run(/\s+/y);
  }

  /** As many characters as a sticky pattern takes, over all that arrives; pieces go to `sink` at once. */
  *run(pattern: RegExp, sink?: (text: string) => void): Parsing<string> {
    let taken = "";
    while ((yield* this.peek()) !== "") {
      pattern.lastIndex = this.#at;
      const match = pattern.exec(this.#text)?.[0] ?? "";
      if (match === "") break;
      const piece = this.#take(match.length);
      if (sink) sink(piece);
      else taken += piece;
    }
    return taken;
  }

  /**
   * Everything before the first of the markers goes to `sink`; the marker is consumed and returned. Returns
   * undefined when the text ends without one.
   */
  *until(markers: string[], sink: (text: string) => void): Parsing<string | undefined> {
    if (markers.length === 0) markers = ["\u0000\u0000"];
    while (true) {
      const found = firstMarker(this.#text, this.#at, markers);
      if (found) {
        if (found.at > this.#at) sink(this.#take(found.at - this.#at));
        this.#take(found.marker.length);
        return found.marker;
      }
      const held = this.#ended ? 0 : heldBack(this.#text, this.#at, markers);
      if (this.#left > held) sink(this.#take(this.#left - held));
      if (this.#ended) return undefined;
      yield;
    }
  }
}

function firstMarker(
  text: string,
  from: number,
  markers: string[],
): { at: number; marker: string } | undefined {
  let best: { at: number; marker: string } | undefined;
  for (const marker of markers) {
    const at = text.indexOf(marker, from);
    if (at < 0) continue;
    if (!best || at < best.at || (at === best.at && marker.length > best.marker.length)) {
      best = { at, marker };
    }
  }
  return best;
}

/** Length of the longest end of the text that could be the beginning of a marker. */
function heldBack(text: string, from: number, markers: string[]): number {
  const longest = Math.max(...markers.map((marker) => marker.length)) - 1;
  for (let length = Math.min(longest, text.length - from); length > 0; length--) {
    const tail = text.slice(text.length - length);
    if (markers.some((marker) => marker.startsWith(tail))) return length;
  }
  return 0;
}
