/** A text as code points with their categories: what pre-tokenizers look at. */
import { categories, category } from "./unicode.ts";

const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });

/** Stand-ins of the categories in `Characters.folded`, for use in regular expressions. */
const foldedAs: Record<number, number> = {
  [category.space]: 0x0b,
  [category.number]: 0xd1,
  [category.letter]: 0xd2,
  [category.punctuation]: 0xd3,
  [category.mark]: 0xd4,
  [category.symbol]: 0xd5,
};
const foldedOther = 0xd0;
/** A noncharacter: in no character class of any pre-tokenizer. */
const noCharacter = 0xffff;

export class Characters {
  /** Code points. */
  readonly length: number;
  readonly codes: Int32Array;
  /** A bit of `category` for each code point. */
  readonly kinds: Uint8Array;
  /** Where each code point starts in the text, in UTF-16 units; absent when they are the same. */
  readonly #units?: Int32Array;
  #folded?: string;
  #flat?: string;

  constructor(text: string) {
    const table = categories();
    const codes = new Int32Array(text.length);
    const kinds = new Uint8Array(text.length);
    let count = 0, units: Int32Array | undefined;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      if (units) units[count] = i;
      if (code >= 0xd800 && code < 0xdc00) {
        if (!units) units = Int32Array.from({ length: text.length }, (_, k) => k);
        code = text.codePointAt(i++)!;
      }
      codes[count] = code;
      kinds[count++] = table[code];
    }
    this.length = count;
    this.codes = codes;
    this.kinds = kinds;
    if (units) {
      units[count] = text.length;
      this.#units = units;
    }
  }

  /** The place in the text, in UTF-16 units, where code point `index` starts. */
  unit(index: number): number {
    return this.#units ? this.#units[index] : index;
  }

  /**
   * One UTF-16 unit a code point: ASCII as it is, everything else as the stand-in of its category. Patterns
   * with \p{…} run over this; \s is then the same in every regular expression language.
   */
  get folded(): string {
    return this.#folded ??= this.#map((code, kind) => code < 0x80 ? code : foldedAs[kind] ?? foldedOther);
  }

  /**
   * One UTF-16 unit a code point: all as they are, but white space above ASCII as U+000B, and what does not
   * fit one unit (and U+FEFF, which is white space to JavaScript only) as a character that no pattern names;
   * cased letters above U+FFFF as U+00B5.
   */
  get flat(): string {
    return this.#flat ??= this.#map((code, kind) => {
      if (code > 0xffff) return isHighCasedLetter(code) ? 0xb5 : noCharacter;
      if (code === 0xfeff) return noCharacter;
      return code >= 0x80 && kind === category.space ? 0x0b : code;
    });
  }

  #map(unit: (code: number, kind: number) => number): string {
    const units = new Uint16Array(this.length);
    for (let i = 0; i < this.length; i++) units[i] = unit(this.codes[i], this.kinds[i]);
    return utf16.decode(units);
  }
}

/** The letters with case above U+FFFF that DeepSeek's pattern names: Deseret, Osage, Old Hungarian, Warang Citi, Adlam. */
function isHighCasedLetter(c: number): boolean {
  return (c >= 0x10400 && c <= 0x1044f) || (c >= 0x104b0 && c <= 0x104d3) || (c >= 0x104d8 && c <= 0x104fb) ||
    (c >= 0x10c80 && c <= 0x10cb2) || (c >= 0x10cc0 && c <= 0x10cf2) || (c >= 0x118a0 && c <= 0x118df) ||
    (c >= 0x1e900 && c <= 0x1e943);
}
