/**
 * Regular expressions as yq has them: Go's RE2 syntax, put into JavaScript's. What RE2 lacks (looking around,
 * references back) is refused, so that an expression means the same in both programs.
 */
import { failure } from "./failure.ts";

export interface RegularExpression {
  expression: RegExp;
  /** Names of the groups in their order; "" for those without. */
  groups: string[];
}

export interface Match {
  text: string;
  /** In units of UTF-16. */
  index: number;
  captures: { name: string; text?: string; index?: number }[];
}

export function regularExpression(pattern: string): RegularExpression {
  const translation = new Translation(pattern);
  try {
    return { expression: new RegExp(translation.result(), "dgu"), groups: translation.groups };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw failure(`"${pattern}" is no regular expression: ${cause.message.replace(/^.*: /, "")}`);
  }
}

/** All matches, without an empty one right behind another, as Go finds them. */
export function matchesOf({ expression, groups }: RegularExpression, text: string): Match[] {
  const found: Match[] = [];
  let end = -1;
  for (const match of text.matchAll(expression)) {
    if (match[0] === "" && match.index === end) continue;
    end = match.index + match[0].length;
    const captures = groups.map((name, i) => ({
      name,
      text: match[i + 1] as string | undefined,
      index: match.indices![i + 1]?.[0] as number | undefined,
    }));
    found.push({ text: match[0], index: match.index, captures });
  }
  return found;
}

/** `$1`, `${name}` and `$$` of a replacement. */
export function expandReplacement(replacement: string, match: Match): string {
  return replacement.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_, dollar, word, braced) => {
    if (dollar) return "$";
    const name: string = word ?? braced;
    if (name === "0") return match.text;
    const byNumber = /^\d+$/.test(name);
    return (byNumber ? match.captures[Number(name) - 1] : match.captures.find((one) => one.name === name))
      ?.text ?? "";
  });
}

const classes: Record<string, string> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const assertions: Record<string, string> = { A: "(?-m:^)", z: "(?-m:$)", b: "\\b", B: "\\B" };

/** One walk through a pattern, from left to right. */
class Translation {
  readonly groups: string[] = [];
  #at = 0;
  #output = "";
  /** Open groups: whether `.` fits line ends in them, and the flags set within them for what follows. */
  readonly #open: { anything: boolean; flags: string[] }[] = [{ anything: false, flags: [] }];
  readonly #pattern: string;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  result(): string {
    while (this.#at < this.#pattern.length) this.#next();
    return this.#output + ")".repeat(this.#open[0].flags.length);
  }

  #next(): void {
    const character = this.#pattern[this.#at];
    const open = this.#open.at(-1)!;
    if (character === "\\") return this.#escape(false);
    if (character === "(") return this.#group();
    if (character === "[") return this.#class();
    this.#at++;
    if (character === ")" && this.#open.length > 1) {
      this.#output += ")".repeat(open.flags.length + 1);
      this.#open.pop();
    } else if (character === "|") {
      this.#output += `${")".repeat(open.flags.length)}|${open.flags.join("")}`;
    } else if (character === ".") this.#output += open.anything ? "[\\s\\S]" : "[^\\n]";
    else if (character === "{" && !/^\{\d+(,\d*)?\}/.test(this.#pattern.slice(this.#at - 1))) {
      this.#output += "\\{";
    } else if (character === "{") {
      const end = this.#pattern.indexOf("}", this.#at) + 1;
      this.#output += this.#pattern.slice(this.#at - 1, end);
      this.#at = end;
    } else if (character === "}" || character === "]") this.#output += `\\${character}`;
    else if (character === "^" || character === "$") this.#assertion(character);
    else this.#output += character;
  }

  /** RE2 lets what has no width be repeated. */
  #assertion(text: string): void {
    this.#output += /[*+?]/.test(this.#pattern[this.#at] ?? "") ? `(?:${text})` : text;
  }

  #group(): void {
    const head = /^\((\?(?:P?<(\w+)>|([a-zA-Z]*(?:-[a-zA-Z]+)?)([:)])))?/.exec(
      this.#pattern.slice(this.#at),
    )!;
    const [whole, special, name, flags, ends] = head;
    if (special === undefined && this.#pattern[this.#at + 1] === "?") {
      throw failure(
        `"${this.#pattern}": RE2, and so yq, has no \`${this.#pattern.slice(this.#at, this.#at + 3)}\``,
      );
    }
    this.#at += whole.length;
    const { anything } = this.#open.at(-1)!;
    if (flags === undefined) {
      this.groups.push(name ?? "");
      this.#output += name ? `(?<${name}>` : "(";
      this.#open.push({ anything, flags: [] });
    } else {
      this.#flags(flags, ends === ")", anything);
    }
  }

  /** `(?i)` holds up to the end of its group, `(?i:…)` within. */
  #flags(flags: string, onward: boolean, anything: boolean): void {
    const [on, off = ""] = flags.split("-");
    const unknown = /[^ims]/.exec(on + off)?.[0];
    if (unknown) throw failure(`"${this.#pattern}": the flag "${unknown}" is left out here`);
    const all = on.includes("s") || anything && !off.includes("s");
    const known = (letters: string) => letters.replaceAll("s", "");
    const opening = `(?${known(on)}${known(off) && `-${known(off)}`}:`;
    this.#output += opening;
    if (!onward) return void this.#open.push({ anything: all, flags: [] });
    const open = this.#open.at(-1)!;
    open.anything = all;
    open.flags.push(opening);
  }

  #class(): void {
    let inside = "[";
    this.#at++;
    const take = (text: string) => {
      inside += text;
    };
    if (this.#pattern[this.#at] === "^") {
      take("^");
      this.#at++;
    }
    for (let first = true;; first = false) {
      const character = this.#pattern[this.#at];
      if (character === undefined) throw failure(`"${this.#pattern}": \`[\` is not closed`);
      if (character === "]" && !first) break;
      const named = /^\[:(\w+):\]/.exec(this.#pattern.slice(this.#at));
      if (character === "\\") {
        const before = this.#output;
        this.#escape(true);
        take(this.#output.slice(before.length));
        this.#output = before;
      } else if (named && classes[named[1]]) {
        take(classes[named[1]]);
        this.#at += named[0].length;
      } else {
        take(character === "[" || character === "]" ? `\\${character}` : character);
        this.#at++;
      }
    }
    this.#at++;
    this.#output += `${inside}]`;
  }

  #escape(inClass: boolean): void {
    const rest = this.#pattern.slice(this.#at + 1);
    const letter = rest[0];
    const quoted = /^Q([\s\S]*?)(?:\\E|$)/.exec(rest);
    const code = /^x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest);
    const property = /^([pP])(?:\{(\^?)(\w+)\}|(\w))/.exec(rest);
    if (letter === undefined) throw failure(`"${this.#pattern}" ends in a backslash`);
    this.#at += 2;
    if (quoted) {
      this.#output += quoted[1].replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      this.#at += quoted[0].length - 1;
    } else if (code) {
      this.#output += `\\u{${code[1] ?? code[2]}}`;
      this.#at += code[0].length - 1;
    } else if (property) {
      this.#output += unicodeProperty(property);
      this.#at += property[0].length - 1;
    } else if (!inClass && assertions[letter]) this.#assertion(assertions[letter]);
    else this.#output += this.#letter(letter, inClass);
  }

  #letter(letter: string, inClass: boolean): string {
    if (letter === "a") return "\\x07";
    if (letter === "s") return inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
    if (letter === "S" && !inClass) return "[^\\t\\n\\f\\r ]";
    if (/[dDwWSnrtfv]/.test(letter)) return `\\${letter}`;
    if (/[\w]/.test(letter)) throw failure(`"${this.#pattern}": RE2, and so yq, has no \`\\${letter}\``);
    return /[\\^$.*+?()[\]{}|/]/.test(letter) || letter === "-" && inClass ? `\\${letter}` : letter;
  }
}

/** A general category by one or two letters, or a script. */
function unicodeProperty([, letter, negated, name, category]: RegExpExecArray): string {
  const inverse = negated ? { p: "P", P: "p" }[letter] : letter;
  const wanted = category ?? name;
  return `\\${inverse}{${wanted.length <= 2 ? wanted : `Script=${wanted}`}}`;
}
