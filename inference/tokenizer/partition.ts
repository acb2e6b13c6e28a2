/** Cutting a text at the special tokens that are written in it. */
import { attribute, type Vocabulary } from "./vocabulary.ts";

/** A piece of text, or the number of a token. */
export type Fragment = string | number;

interface Node {
  token?: SpecialToken;
  next?: Map<number, Node>;
}

interface SpecialToken {
  token: number;
  text: string;
  /** Place in the order in which tokens are looked for. */
  order: number;
}

/**
 * Finds special tokens, longest first: user-defined ones always, control and unknown ones only when asked.
 * What lies between two of them is looked through again for shorter ones.
 */
export class Partition {
  #vocabulary: Vocabulary;
  #root: Node = {};
  #empty = true;

  /** `separate` holds the tokens in the order in which they win. */
  constructor(vocabulary: Vocabulary, separate: readonly number[]) {
    this.#vocabulary = vocabulary;
    separate.forEach((token, order) => this.#insert({ token, text: vocabulary.text(token), order }));
  }

  #insert(special: SpecialToken): void {
    let node = this.#root;
    for (let i = 0; i < special.text.length; i++) {
      const unit = special.text.charCodeAt(i);
      node.next ??= new Map();
      let child = node.next.get(unit);
      if (!child) node.next.set(unit, child = {});
      node = child;
    }
    node.token ??= special;
    this.#empty = false;
  }

  /** The fragments of `text` in order; no text among them is empty. */
  split(text: string, parseSpecial: boolean): Fragment[] {
    if (text === "") return [];
    if (this.#empty) return [text];
    let fragments: Fragment[] = [text];
    // Only tokens that are there at all: vocabularies have thousands that never are.
    for (const special of this.#present(text, parseSpecial)) {
      const parts: Fragment[] = [];
      for (const fragment of fragments) {
        if (typeof fragment === "number") parts.push(fragment);
        else this.#cut(fragment, special, parts);
      }
      fragments = parts;
    }
    return fragments;
  }

  #present(text: string, parseSpecial: boolean): SpecialToken[] {
    const found = new Set<SpecialToken>();
    const first = this.#root.next!;
    for (let i = 0; i < text.length; i++) {
      let node = first.get(text.charCodeAt(i));
      for (let k = i + 1; node; k++) {
        if (node.token) found.add(node.token);
        if (!node.next || k >= text.length) break;
        node = node.next.get(text.charCodeAt(k));
      }
    }
    const hidden = parseSpecial ? 0 : attribute.control | attribute.unknown;
    return [...found].filter(({ token }) => !this.#vocabulary.has(token, hidden)).sort((a, b) =>
      a.order - b.order
    );
  }

  #cut(text: string, { token, text: wanted }: SpecialToken, parts: Fragment[]): void {
    const stripLeft = this.#vocabulary.has(token, attribute.stripLeft);
    const stripRight = this.#vocabulary.has(token, attribute.stripRight);
    let from = 0;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, from)) {
      let end = at;
      if (stripLeft) { while (end > from && isSpace(text.charCodeAt(end - 1))) end--; }
      if (end > from) parts.push(text.slice(from, end));
      parts.push(token);
      from = at + wanted.length;
      if (stripRight) { while (from < text.length && isSpace(text.charCodeAt(from))) from++; }
    }
    if (from < text.length) parts.push(text.slice(from));
  }
}

/** White space of C, the only one that tokens take along. */
function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 9 && unit <= 13);
}
