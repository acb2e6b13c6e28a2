/** Regular expressions (ECMAScript's with the u flag, as far as they are regular) -> expressions over text. */
import {
  anyCodePoint,
  charactersOf,
  codePoints,
  type CodePointSet,
  complement,
  difference,
  union,
} from "../code_points.ts";
import { choice, empty, type Expression, repeat, sequence, set } from "../grammar.ts";

/** Why a pattern cannot be used; the caller knows where it stands. */
export class PatternError extends Error {}

/**
 * The texts that contain a match of the pattern (`^` and `$` bind it to the ends).
 * @throws PatternError for what is not a pattern, or not regular: look-around, back references, \b.
 */
export function parsePattern(source: string): Expression {
  try {
    new RegExp(source, "u");
  } catch (error) {
    throw new PatternError(`it is not a regular expression (${(error as Error).message})`);
  }
  return new PatternParser(source).parse();
}

const anyText = repeat(set(anyCodePoint), 0);
const digit = charactersOf("", "09");
const word = charactersOf("_", "az", "AZ", "09");
const space = codePoints([
  [9, 13],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
const lineEnds = charactersOf("\n\r\u2028\u2029");
const classes: Record<string, CodePointSet> = {
  d: digit,
  D: complement(digit),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};
const controls: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const mostRepetitions = 10_000;

class PatternParser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Expression {
    const items = [this.#anchored()];
    while (this.#take("|")) items.push(this.#anchored());
    if (this.#at < this.#source.length) throw new PatternError(`"${this.#peek()}" is out of place`);
    return choice(...items);
  }

  /** One alternative at the top, where anchors may stand. */
  #anchored(): Expression {
    const start = this.#take("^");
    const body = this.#sequence();
    const end = this.#take("$");
    if (end && this.#at < this.#source.length && this.#peek() !== "|") {
      throw new PatternError("$ stands before its end");
    }
    return sequence(...(start ? [] : [anyText]), body, ...(end ? [] : [anyText]));
  }

  #alternatives(): Expression {
    const items = [this.#sequence()];
    while (this.#take("|")) items.push(this.#sequence());
    return choice(...items);
  }

  #sequence(): Expression {
    const items: Expression[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) {
      if (this.#peek() === "$") break;
      items.push(this.#repetition(this.#atom()));
    }
    return items.length === 0 ? empty : sequence(...items);
  }

  #atom(): Expression {
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return set(this.#class());
    if (this.#take(".")) return set(difference(anyCodePoint, lineEnds));
    if (this.#peek() === "^") throw new PatternError("^ stands after its beginning");
    if (this.#take("\\")) return set(this.#escape());
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    this.#at += character.length;
    return set(charactersOf(character));
  }

  #group(): Expression {
    if (this.#take("?")) {
      const name = /^<[^=!>][^>]*>/.exec(this.#source.slice(this.#at));
      if (name) this.#at += name[0].length;
      else if (!this.#take(":")) throw new PatternError("look-around is not supported");
    }
    const body = this.#alternatives();
    if (this.#peek() === "$") throw new PatternError("$ inside a group is not supported");
    this.#take(")");
    return body;
  }

  #repetition(item: Expression): Expression {
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#source.slice(this.#at, this.#at + 32));
    let min: number, max: number;
    if (this.#take("*")) [min, max] = [0, Infinity];
    else if (this.#take("+")) [min, max] = [1, Infinity];
    else if (this.#take("?")) [min, max] = [0, 1];
    else if (counted) {
      this.#at += counted[0].length;
      min = Number(counted[1]);
      max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Infinity;
    } else return item;
    if (min > mostRepetitions || (max !== Infinity && max > mostRepetitions)) {
      throw new PatternError(`it repeats more than ${mostRepetitions} times`);
    }
    this.#take("?"); // lazy or not, the texts that match are the same
    return repeat(item, min, max);
  }

  #class(): CodePointSet {
    const negated = this.#take("^");
    const parts: CodePointSet[] = [];
    while (!this.#take("]")) {
      const first = this.#classMember();
      const single = first.length === 1 && first[0][0] === first[0][1];
      if (single && this.#peek() === "-" && this.#source[this.#at + 1] !== "]") {
        this.#at++;
        parts.push([[first[0][0], this.#classMember()[0][1]]]);
      } else parts.push(first);
    }
    const positive = union(...parts);
    return negated ? complement(positive) : positive;
  }

  #classMember(): CodePointSet {
    if (this.#take("\\")) return this.#take("b") ? charactersOf("\b") : this.#escape();
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    this.#at += character.length;
    return charactersOf(character);
  }

  #escape(): CodePointSet {
    const letter = this.#source[this.#at++];
    if (Object.hasOwn(classes, letter)) return classes[letter];
    if (letter === "x") return this.#hex(2);
    if (letter === "u") return this.#unicode();
    if (letter === "c") {
      return [[this.#source.charCodeAt(this.#at) & 31, this.#source.charCodeAt(this.#at++) & 31]];
    }
    if (/[1-9k]/.test(letter)) throw new PatternError("back references are not supported");
    if (/[bB]/.test(letter)) throw new PatternError("word borders are not supported");
    if (/[pP]/.test(letter)) return this.#property(letter === "P");
    const codePoint = controls[letter] ?? letter.codePointAt(0)!;
    return [[codePoint, codePoint]];
  }

  /** The characters of a Unicode property, by asking the engine about each. */
  #property(negated: boolean): CodePointSet {
    const name = /^\{[^}]*\}/.exec(this.#source.slice(this.#at))![0];
    this.#at += name.length;
    const matcher = new RegExp(`^\\p${name}$`, "u");
    const ranges: [number, number][] = [];
    for (const [first, last] of anyCodePoint) {
      for (let c = first; c <= last; c++) {
        if (!matcher.test(String.fromCodePoint(c))) continue;
        const previous = ranges.at(-1);
        if (previous && previous[1] === c - 1) previous[1] = c;
        else ranges.push([c, c]);
      }
    }
    return negated ? complement(ranges) : ranges;
  }

  #unicode(): CodePointSet {
    const braced = /^\{([0-9a-fA-F]+)\}/.exec(this.#source.slice(this.#at));
    if (braced) {
      this.#at += braced[0].length;
      const codePoint = parseInt(braced[1], 16);
      return [[codePoint, codePoint]];
    }
    const pair = /^(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/i.exec(this.#source.slice(this.#at));
    if (!pair) return this.#hex(4);
    this.#at += pair[0].length;
    const codePoint = 0x10000 + ((parseInt(pair[1], 16) & 0x3ff) << 10) + (parseInt(pair[2], 16) & 0x3ff);
    return [[codePoint, codePoint]];
  }

  #hex(digits: number): CodePointSet {
    const codePoint = parseInt(this.#source.slice(this.#at, this.#at + digits), 16);
    this.#at += digits;
    return [[codePoint, codePoint]];
  }

  #peek(): string {
    return this.#source[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
}
