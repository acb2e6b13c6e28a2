/**
 * Runs a command line against a tree of commands (command.ts): finds the command, loading only the modules
 * on its path, parses its arguments and calls it. Errors become two lines and an exit code.
 */
import { exitCode, type SkiffError, toSkiffError } from "../errors/skiff_error.ts";
import type { Command, Context, Flag, LazyCommand } from "./command.ts";
import { asTyped } from "../process/called_as.ts";
import { readPlainWords } from "./plain_words.ts";

/** A command with the words that lead to it: "skiff model run". */
export interface FoundCommand {
  command: Command;
  path: string[];
  /** The words after the path. */
  words: string[];
  /** Variables that show what is hidden, of all commands of the path. */
  showHidden: string[];
}

/** Runs `words` (without the program's name); the exit code. Everything that goes wrong is printed. */
export async function runCommandLine(
  program: string,
  root: Command,
  words: string[],
  context: Context,
): Promise<number> {
  try {
    const found = await findCommand(program, root, words);
    return await runFound(found, context);
  } catch (error) {
    return await printError(error, context);
  }
}

/** Walks from the root as far as the words name commands. Words that begin with a dash end the path. */
export async function findCommand(program: string, root: Command, words: string[]): Promise<FoundCommand> {
  let command = root;
  const path = [program];
  const showHidden: string[] = [];
  const early: string[] = [];
  let at = 0;
  while (at < words.length && command.commands) {
    if (words[at] === "--debug") { // for all commands, wherever it stands
      at++;
      continue;
    }
    const length = commonFlagLength(command.commonFlags ?? [], words[at]);
    if (length > 0) {
      early.push(...words.slice(at, at + length));
      at += length;
      continue;
    }
    const next = command.commands.find((entry) => named(entry, words[at]));
    if (!next) break;
    command = await next.load();
    path.push(next.name);
    if (command.showHidden) showHidden.push(command.showHidden);
    at++;
  }
  return { command, path, words: [...early, ...words.slice(at)], showHidden };
}

/** How many words a flag takes here, with its value; 0 for what is none of them. */
function commonFlagLength(flags: Flag[], word: string): number {
  const [, name, equals] = /^--([^=]+)(=)?/.exec(word) ?? [];
  const flag = flags.find((one) => one.name === name);
  if (!flag) return 0;
  return flag.value && !flag.optionalValue && !equals ? 2 : 1;
}

const named = (entry: LazyCommand, word: string) => entry.name === word || !!entry.aliases?.includes(word);

async function runFound(found: FoundCommand, context: Context): Promise<number> {
  const { command, words } = found;
  // Words behind `--` are kept apart, unless everything behind the first argument is another program's.
  const split = command.passThrough ? -1 : words.indexOf("--");
  const own = split < 0 ? words : words.slice(0, split);
  const rest = split < 0 ? [] : words.slice(split + 1);
  const plain = readPlainWords(command, own);
  if (plain) return await command.run!({ context, ...plain, rest }) ?? 0;
  const { runByCommander } = await import("./commander.ts");
  return await runByCommander({ ...found, words: own }, rest, context);
}

/** Two lines on stderr, what went wrong and what to do; with `--debug` the causes. Returns the exit code. */
export async function printError(error: unknown, context: Context): Promise<number> {
  const wrapped = toSkiffError(error);
  if (wrapped.code === "interrupted" && !context.debug) return exitCode("interrupted");
  await context.err(`${asTyped(wrapped.message)}\n`);
  if (wrapped.hint) await context.err(`${asTyped(wrapped.hint)}\n`);
  if (context.debug) await context.err(`${causes(wrapped)}\n`);
  return exitCode(wrapped.code);
}

function causes(error: SkiffError): string {
  const lines = [error.stack ?? ""];
  for (let cause = error.cause; cause; cause = (cause as Error).cause) {
    lines.push(`Caused by: ${cause instanceof Error ? cause.stack : String(cause)}`);
  }
  return lines.join("\n");
}
