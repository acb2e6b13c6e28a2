/**
 * Texts that a regular expression matches: for expressions of literals, classes, groups, alternatives and
 * quantifiers. What must stand before or after is written only where a lookbehind wants it.
 */

/** Numbers of 0 … below. */
export type Random = (below: number) => number;

const word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const classes: Record<string, string> = { d: "0123456789", w: `${word}_`, s: " " };
const controls: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "", B: "" };
/** What an open quantifier adds to its least number, at most. */
const mostMore = 8;

/** One text; another one for other numbers. Throws for what it does not know. */
export function textOfPattern(pattern: RegExp, random: Random): string {
  const reader = new Reader(pattern.source, random);
  const text = reader.alternatives();
  if (!reader.done) throw new Error(`Cannot read ${pattern.source} at ${reader.at}`);
  return text;
}

class Reader {
  readonly #source: string;
  readonly #random: Random;
  at = 0;

  constructor(source: string, random: Random) {
    this.#source = source;
    this.#random = random;
  }

  get done(): boolean {
    return this.at === this.#source.length;
  }

  /** To the end of the source or the group; all are read, one is taken. */
  alternatives(): string {
    const texts = [this.#sequence()];
    while (this.#take("|")) texts.push(this.#sequence());
    return texts[this.#random(texts.length)];
  }

  #sequence(): string {
    let text = "";
    while (!this.done && !"|)".includes(this.#source[this.at])) text += this.#repeated();
    return text;
  }

  /** A term as often as its quantifier says: it is read anew each time, so that the times differ. */
  #repeated(): string {
    const start = this.at;
    let text = this.#term();
    const end = this.at;
    const times = this.#times();
    const after = this.at;
    if (times === 0) text = "";
    for (let i = 1; i < times; i++) {
      this.at = start;
      text += this.#term();
    }
    if (times > 0 && this.at < end) throw new Error(`Cannot repeat ${this.#source.slice(start, end)}`);
    this.at = after;
    return text;
  }

  #times(): number {
    let [least, most] = [1, 1];
    const range = /^\{(\d+)(?:(,)(\d+)?)?\}/.exec(this.#source.slice(this.at));
    if (range) {
      this.at += range[0].length;
      least = Number(range[1]);
      most = range[3] ? Number(range[3]) : range[2] ? least + mostMore : least;
    } else if (this.#take("?")) least = 0;
    else if (this.#take("*")) [least, most] = [0, mostMore];
    else if (this.#take("+")) most = mostMore;
    else return 1;
    this.#take("?");
    return least + this.#random(Math.min(most - least, mostMore) + 1);
  }

  #term(): string {
    const character = this.#source[this.at++];
    if (character === "(") return this.#group();
    if (character === "[") return this.#pick(this.#class());
    if (character === "\\") return this.#escape((set) => this.#pick(set));
    if (character === ".") return this.#pick(word);
    if (character === "^" || character === "$") return "";
    return character;
  }

  #group(): string {
    const [, kind] = /^(\?:|\?<[A-Za-z]\w*>|\?<=|\?<!|\?=|\?!)?/.exec(this.#source.slice(this.at))!;
    this.at += kind?.length ?? 0;
    const text = this.alternatives();
    if (!this.#take(")")) throw new Error(`A group of ${this.#source} has no end`);
    return kind === "?<!" || kind === "?!" || kind === "?=" ? "" : text;
  }

  #class(): string {
    const negated = this.#take("^");
    let set = "";
    while (!this.#take("]")) {
      const first = this.#source[this.at++];
      if (first === "\\") set += this.#escape((all) => all);
      else if (this.#source[this.at] === "-" && this.#source[this.at + 1] !== "]") {
        const last = this.#source.charCodeAt(this.at + 1);
        for (let code = first.charCodeAt(0); code <= last; code++) set += String.fromCharCode(code);
        this.at += 2;
      } else set += first;
    }
    return negated ? [...word].filter((one) => !set.includes(one)).join("") : set;
  }

  #escape(take: (set: string) => string): string {
    const letter = this.#source[this.at++];
    if (letter in controls) return controls[letter];
    const set = classes[letter] ?? (letter === "S" || letter === "W" || letter === "D" ? word : letter);
    return take(set);
  }

  #pick(set: string): string {
    return set[this.#random(set.length)];
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
}
