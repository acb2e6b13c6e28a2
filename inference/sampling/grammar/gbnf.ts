/**
 * llama.cpp's grammar notation (GBNF) -> Grammar. The whole notation: rules, alternatives, literals,
 * character classes, groups, repetitions, comments and references to tokens.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { anyCodePoint, codePoints, complement } from "./code_points.ts";
import {
  choice,
  type Expression,
  type Grammar,
  repeat,
  type Rule,
  rule,
  sequence,
  set,
  text,
} from "./grammar.ts";

export interface GbnfOptions {
  /** Rules that exist already; the grammar may refer to them by their names. Extended in place. */
  rules?: Rule[];
  /** The token with exactly this text, for `<text>`. */
  findToken?: (text: string) => number | undefined;
  /** Token ids are checked against it. */
  vocabularySize?: number;
}

/**
 * Parses a grammar whose start is the rule `root`.
 * @throws SkiffError "invalid_input" with line and column.
 */
export function parseGbnf(source: string, options: GbnfOptions = {}): Grammar {
  return new GbnfParser(source, options).parse();
}

/** As far as a repetition is spelled out: each copy costs memory. */
const mostRepetitions = 100_000;
const escapes: Record<string, number> = { t: 9, r: 13, n: 10 };

class GbnfParser {
  readonly #source: string;
  readonly #options: GbnfOptions;
  readonly #rules: Rule[];
  readonly #index = new Map<string, number>();
  readonly #defined = new Set<number>();
  readonly #firstUse = new Map<number, number>();
  #at = 0;

  constructor(source: string, options: GbnfOptions) {
    this.#source = source;
    this.#options = options;
    this.#rules = options.rules ?? [];
    this.#rules.forEach((r, i) => {
      this.#index.set(r.name, i);
      this.#defined.add(i);
    });
  }

  parse(): Grammar {
    this.#space(true);
    while (this.#at < this.#source.length) this.#rule();
    for (const [index, at] of this.#firstUse) {
      if (!this.#defined.has(index)) this.#fail(`the rule "${this.#rules[index].name}" is not defined`, at);
    }
    const root = this.#index.get("root");
    if (root === undefined || !this.#defined.has(root)) {
      throw new SkiffError("invalid_input", `Cannot use the grammar: it has no rule named "root"`, {
        hint: "Name the rule that matches the whole answer root.",
      });
    }
    return { rules: this.#rules, root };
  }

  #rule(): void {
    const start = this.#at;
    const name = this.#name();
    this.#space(false);
    if (!this.#source.startsWith("::=", this.#at)) this.#fail(`expected "::=" after "${name}"`);
    this.#at += 3;
    this.#space(true);
    const index = this.#ruleIndex(name);
    if (this.#defined.has(index)) this.#fail(`the rule "${name}" is defined twice`, start);
    this.#defined.add(index);
    this.#rules[index].body = this.#alternatives(false);
    if (this.#at < this.#source.length && !/[\r\n]/.test(this.#source[this.#at])) {
      this.#fail(`unexpected "${this.#source[this.#at]}"`);
    }
    this.#space(true);
  }

  #ruleIndex(name: string): number {
    let index = this.#index.get(name);
    if (index === undefined) {
      index = this.#rules.push({ name, body: choice() }) - 1;
      this.#index.set(name, index);
    }
    return index;
  }

  #alternatives(nested: boolean): Expression {
    const items = [this.#sequence(nested)];
    while (this.#source[this.#at] === "|") {
      this.#at++;
      this.#space(true);
      items.push(this.#sequence(nested));
    }
    return choice(...items);
  }

  #sequence(nested: boolean): Expression {
    const items: Expression[] = [];
    while (this.#at < this.#source.length) {
      const item = this.#element();
      if (item === undefined) break;
      this.#space(nested);
      items.push(this.#repetitions(item, nested));
    }
    return sequence(...items);
  }

  #element(): Expression | undefined {
    const c = this.#source[this.#at];
    if (c === '"') return this.#literal();
    if (c === "[") return this.#class();
    if (c === "(") return this.#group();
    if (c === "<" || c === "!") return this.#token();
    if (c === ".") {
      this.#at++;
      return set(anyCodePoint);
    }
    if (/[a-zA-Z0-9_-]/.test(c)) {
      const at = this.#at;
      const index = this.#ruleIndex(this.#name());
      if (!this.#firstUse.has(index)) this.#firstUse.set(index, at);
      return rule(index);
    }
    if (/[*+?{]/.test(c)) this.#fail(`nothing stands before "${c}" to repeat`);
    return undefined;
  }

  #literal(): Expression {
    const start = this.#at++;
    let value = "";
    while (this.#source[this.#at] !== '"') {
      if (this.#at >= this.#source.length) this.#fail("the literal has no closing quote", start);
      value += String.fromCodePoint(this.#character());
    }
    this.#at++;
    return text(value);
  }

  #class(): Expression {
    const start = this.#at++;
    const negated = this.#source[this.#at] === "^";
    if (negated) this.#at++;
    const ranges: [number, number][] = [];
    const end = () => {
      if (this.#at >= this.#source.length) this.#fail('the character class has no closing "]"', start);
      return this.#source[this.#at] === "]";
    };
    while (!end()) {
      const first = this.#character();
      let last = first;
      if (this.#source[this.#at] === "-" && this.#source[this.#at + 1] !== "]") {
        this.#at++;
        end();
        last = this.#character();
      }
      ranges.push([first, last]);
    }
    this.#at++;
    const positive = codePoints(ranges);
    return set(negated ? complement(positive) : positive);
  }

  #group(): Expression {
    const start = this.#at++;
    this.#space(true);
    const body = this.#alternatives(true);
    if (this.#source[this.#at] !== ")") this.#fail('the group has no closing ")"', start);
    this.#at++;
    return body;
  }

  #token(): Expression {
    const start = this.#at;
    const match = /(!?)<(?:\[(\d+)\]|([^>]*))>/y;
    match.lastIndex = start;
    const found = match.exec(this.#source);
    if (!found) this.#fail("expected a token: <[id]> or <text>");
    this.#at = match.lastIndex;
    const named = `<${found[3]}>`;
    const token = found[2] !== undefined ? Number(found[2]) : this.#options.findToken?.(named);
    if (token === undefined) this.#fail(`the vocabulary has no token "${named}"`, start);
    if (token >= (this.#options.vocabularySize ?? Infinity)) {
      this.#fail(`the vocabulary has no token ${token}`, start);
    }
    return { kind: "token", token, negated: found[1] === "!" };
  }

  #repetitions(item: Expression, nested: boolean): Expression {
    for (;;) {
      const c = this.#source[this.#at];
      if (c === "*") item = repeat(item, 0);
      else if (c === "+") item = repeat(item, 1);
      else if (c === "?") item = repeat(item, 0, 1);
      else if (c === "{") item = this.#counted(item);
      else return item;
      if (c !== "{") this.#at++;
      this.#space(nested);
    }
  }

  #counted(item: Expression): Expression {
    const start = this.#at;
    const match = /\{\s*(\d+)\s*(?:(,)\s*(\d*)\s*)?\}/y;
    match.lastIndex = start;
    const found = match.exec(this.#source);
    if (!found) this.#fail("expected a repetition: {m}, {m,} or {m,n}");
    this.#at = match.lastIndex;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] ? Number(found[3]) : Infinity;
    if (max < min) this.#fail(`the repetition ends (${max}) before it begins (${min})`, start);
    if (min > mostRepetitions || (max > mostRepetitions && max !== Infinity)) {
      this.#fail(`more than ${mostRepetitions} repetitions`, start);
    }
    return repeat(item, min, max);
  }

  #character(): number {
    const source = this.#source;
    if (source[this.#at] !== "\\") {
      const codePoint = source.codePointAt(this.#at)!;
      this.#at += codePoint > 0xffff ? 2 : 1;
      return codePoint;
    }
    const letter = source[this.#at + 1];
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : letter === "U" ? 8 : 0;
    if (digits > 0) {
      const hex = source.slice(this.#at + 2, this.#at + 2 + digits);
      if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits) {
        this.#fail(`expected ${digits} hexadecimal digits after \\${letter}`);
      }
      const codePoint = parseInt(hex, 16);
      if (codePoint > 0x10ffff) this.#fail(`\\${letter}${hex} is not a Unicode character`);
      this.#at += 2 + digits;
      return codePoint;
    }
    if (letter === undefined || !/[trn\\"[\]-]/.test(letter)) this.#fail(`unknown escape \\${letter ?? ""}`);
    this.#at += 2;
    return escapes[letter] ?? letter.codePointAt(0)!;
  }

  #name(): string {
    const match = /[a-zA-Z0-9_-]+/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#source);
    if (!found) this.#fail("expected the name of a rule");
    this.#at = match.lastIndex;
    return found[0];
  }

  /** Skips blanks and comments; line ends only where a rule may go on. */
  #space(newlines: boolean): void {
    const match = newlines ? /(?:[ \t\r\n]|#[^\r\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y;
    match.lastIndex = this.#at;
    match.exec(this.#source);
    this.#at = match.lastIndex;
  }

  #fail(what: string, at = this.#at): never {
    const before = this.#source.slice(0, at).split("\n");
    const place = `line ${before.length}, column ${[...before.at(-1)!].length + 1}`;
    throw new SkiffError("invalid_input", `Cannot parse the grammar: ${place}: ${what}`, {
      hint: "The notation is llama.cpp's GBNF.",
    });
  }
}
