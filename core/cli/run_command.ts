/**
 * Runs a command line against a tree of commands (command.ts): finds the command, loading only the modules
 * on its path, parses its arguments with commander and calls it. Errors become two lines and an exit code.
 */
import { Argument as CommanderArgument, Command as Commander, CommanderError, Option } from "commander";
import { exitCode, type SkiffError, toSkiffError } from "../errors/skiff_error.ts";
import type { Command, Context, Flag, LazyCommand } from "./command.ts";

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
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
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
  let code: number | void = 0;
  const { parser, written } = makeParser(found, context);
  const split = words.indexOf("--");
  const rest = split >= 0 && !command.passThrough ? words.slice(split + 1) : [];
  if (command.run) {
    const run = command.run;
    parser.action(async () => {
      const args: Record<string, string | string[] | undefined> = {};
      command.args?.forEach((argument, i) => args[argument.name] = parser.processedArgs[i]);
      code = await run({ context, args, flags: flagValues(command.flags ?? [], parser), rest });
    });
  }
  const parsed = split >= 0 && !command.passThrough ? words.slice(0, split) : words;
  const wantsHelp = !command.run && parsed.filter((word) => word !== "--debug").length === 0;
  try {
    await parser.parseAsync(wantsHelp ? ["--help"] : parsed, { from: "user" });
  } finally {
    await written();
  }
  return code ?? 0;
}

interface Parser {
  parser: Commander;
  written: () => Promise<void>;
}

function makeParser({ command, path, showHidden }: FoundCommand, context: Context): Parser {
  const all = showHidden.some((name) => context.env.get(name) === "1");
  const parser = new Commander(path.join(" "));
  parser.summary(command.summary).description(command.description ?? command.summary);
  parser.exitOverride().showSuggestionAfterError(true).helpOption("-h, --help", "Show this help");
  if (command.commands) {
    for (const entry of command.commands) {
      const stub = parser.command(entry.name, { hidden: entry.hidden && !all }).summary(entry.summary);
      stub.description(entry.summary).aliases(entry.aliases ?? []);
    }
    parser.helpCommand(false);
  }
  for (const argument of command.args ?? []) parser.addArgument(toCommanderArgument(argument));
  for (const flag of [...command.flags ?? [], ...command.commonFlags ?? []]) parser.addOption(toOption(flag));
  if (!command.flags?.some((flag) => flag.name === "debug")) {
    parser.addOption(new Option("--debug", "Show the causes of errors").hideHelp(path.length > 1));
  }
  if (command.passThrough) parser.passThroughOptions().enablePositionalOptions();
  if (command.examples?.length) {
    parser.addHelpText("after", `\nExamples:\n${command.examples.map((line) => `  ${line}`).join("\n")}`);
  }
  return { parser, written: configureOutput(parser, path, context) };
}

/** Commander writes without waiting; what this gives resolves when all of it is out. */
function configureOutput(parser: Commander, path: string[], context: Context): () => Promise<void> {
  let written = Promise.resolve();
  parser.configureOutput({
    writeOut: (text) => void (written = written.then(() => context.out(text))),
    writeErr: (text) => void (written = written.then(() => context.err(text))),
    getOutHasColors: () => context.color,
    getErrHasColors: () => context.color,
    outputError: (text, write) => {
      const lines = text.trim().replace(/^error: /, "").split("\n");
      write(`${lines[0][0].toUpperCase()}${lines[0].slice(1)}\n`);
      if (lines.length > 1) write(`${lines.slice(1).join(" ")}\n`);
      write(`See '${path.join(" ")} --help'.\n`);
    },
  });
  return () => written;
}

function toCommanderArgument(argument: NonNullable<Command["args"]>[number]): CommanderArgument {
  const name = argument.variadic ? `${argument.name}...` : argument.name;
  return new CommanderArgument(argument.required ? `<${name}>` : `[${name}]`, argument.summary);
}

function toOption(flag: Flag): Option {
  const value = !flag.value ? "" : flag.optionalValue ? ` [${flag.value}]` : ` <${flag.value}>`;
  const option = new Option(`${flag.short ? `-${flag.short}, ` : ""}--${flag.name}${value}`, flag.summary);
  if (flag.default !== undefined) option.default(flag.default);
  if (flag.choices) option.choices(flag.choices);
  if (flag.hidden) option.hideHelp();
  if (flag.repeatable) {
    option.argParser((
      text: string,
      previous: unknown,
    ) => [...(Array.isArray(previous) ? previous : []), text]);
  }
  return option;
}

function flagValues(
  flags: Flag[],
  parser: Commander,
): Record<string, boolean | string | string[] | undefined> {
  const values = parser.opts();
  const result: Record<string, boolean | string | string[] | undefined> = {};
  for (const flag of flags) {
    const value = values[toOption(flag).attributeName()];
    result[flag.name] = flag.name.startsWith("no-") ? value === false : value; // commander negates "trunc"
  }
  return result;
}

/** Two lines on stderr, what went wrong and what to do; with `--debug` the causes. Returns the exit code. */
export async function printError(error: unknown, context: Context): Promise<number> {
  const wrapped = toSkiffError(error);
  if (wrapped.code === "interrupted" && !context.debug) return exitCode("interrupted");
  await context.err(`${wrapped.message}\n`);
  if (wrapped.hint) await context.err(`${wrapped.hint}\n`);
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
