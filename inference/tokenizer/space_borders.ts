/**
 * Places in a text with ▁ for blanks over which no token reaches. What stands left and right of one merges on
 * its own, so that a text can be taken word by word although its tokenizer knows no words.
 */
import type { Vocabulary } from "./vocabulary.ts";

const space = 0x2581; // ▁
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class SpaceBorders {
  /** The UTF-16 units that stand right before a ▁ within some token, ▁ itself included. */
  #joined = new Set<number>([space]);

  constructor({ data, offsets, size }: Vocabulary) {
    for (let token = 0; token < size; token++) {
      const start = offsets[token];
      for (let i = start + 1; i + 2 < offsets[token + 1]; i++) {
        if (data[i] !== 0xe2 || data[i + 1] !== 0x96 || data[i + 2] !== 0x81) continue;
        if (i >= start + 3 && data[i - 1] === 0x81 && data[i - 2] === 0x96 && data[i - 3] === 0xe2) continue;
        const before = decoder.decode(data.subarray(start, i));
        this.#joined.add(before.charCodeAt(before.length - 1));
      }
    }
  }

  /** The first border after `start`, the text's end where there is no more. */
  after(text: string, start: number): number {
    for (let i = text.indexOf("\u2581", start + 1); i >= 0; i = text.indexOf("\u2581", i + 1)) {
      if (!this.#joined.has(text.charCodeAt(i - 1))) return i;
    }
    return text.length;
  }
}
