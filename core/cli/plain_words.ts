/**
 * Reads a command line that is plainly right. Whatever else stands there (help, an unknown flag, a value that is
 * missing or not allowed, spellings that few use) is commander's, which knows what to say: loading it costs a
 * start 5 ms.
 */
import type { Command, Flag, Invocation } from "./command.ts";

export type Parsed = Pick<Invocation, "args" | "flags">;

/** The values of the arguments and flags as commander gives them, or undefined when it must be asked. */
export function readPlainWords(command: Command, words: string[]): Parsed | undefined {
  if (!command.run || command.commands || command.commonFlags) return undefined;
  const flags = new FlagReader(command.flags ?? []);
  const positional: string[] = [];
  for (let at = 0; at < words.length;) {
    const word = words[at++];
    if (!word.startsWith("-") || word === "-") {
      positional.push(word);
      if (!command.passThrough) continue;
      positional.push(...words.slice(at));
      break;
    }
    const read = flags.read(word, words[at]);
    if (read === undefined) return undefined;
    at += read;
  }
  const args = readArguments(command, positional);
  return args && { args, flags: flags.values };
}

class FlagReader {
  readonly values: Parsed["flags"] = {};
  readonly #flags = new Map<string, Flag>();

  constructor(flags: Flag[]) {
    for (const flag of flags) {
      this.#flags.set(`--${flag.name}`, flag);
      if (flag.short) this.#flags.set(`-${flag.short}`, flag);
      this.values[flag.name] = flag.name.startsWith("no-") ? false : flag.default;
    }
  }

  /** How many further words the flag takes; undefined for what is not plain. */
  read(word: string, next: string | undefined): number | undefined {
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const flag = this.#flags.get(equals < 0 ? word : word.slice(0, equals));
    if (!flag) return word === "--debug" ? 0 : undefined; // looked at elsewhere, for all commands
    if (!flag.value) {
      if (equals >= 0) return undefined;
      this.values[flag.name] = true;
      return 0;
    }
    if (flag.optionalValue) return undefined;
    const value = equals < 0 ? next : word.slice(equals + 1);
    if (value === undefined || (flag.choices && !flag.choices.includes(value))) return undefined;
    const before = this.values[flag.name];
    this.values[flag.name] = flag.repeatable ? [...(Array.isArray(before) ? before : []), value] : value;
    return equals < 0 ? 1 : 0;
  }
}

function readArguments({ args = [] }: Command, words: string[]): Parsed["args"] | undefined {
  const values: Parsed["args"] = {};
  for (const [i, { name, required, variadic }] of args.entries()) {
    if (required && i >= words.length) return undefined;
    values[name] = variadic ? words.slice(i) : words[i];
  }
  return words.length > args.length && !args.at(-1)?.variadic ? undefined : values;
}
