/**
 * Command lines that are not plainly right (plain_words.ts): commander parses them, prints help, and says what is
 * wrong and what was meant.
 */
import { Argument as CommanderArgument, Command as Commander, CommanderError, Option } from "commander";
import type { Command, Context, Flag } from "./command.ts";
import { asTyped } from "../process/called_as.ts";
import type { Parsed } from "./plain_words.ts";
import type { FoundCommand } from "./run_command.ts";

/** Calls the command with what `found.words` say; its exit code, or that of what commander printed. */
export async function runByCommander(
  found: FoundCommand,
  rest: string[],
  context: Context,
): Promise<number> {
  const { command, words } = found;
  let code: number | void = 0;
  const { parser, written } = makeParser(found, context);
  if (command.run) {
    const run = command.run;
    parser.action(async () => {
      code = await run({ context, ...valuesOf(command, parser), rest });
    });
  }
  const wantsHelp = !command.run && words.filter((word) => word !== "--debug").length === 0;
  try {
    await parser.parseAsync(wantsHelp ? ["--help"] : words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  } finally {
    await written();
  }
  return code ?? 0;
}

function valuesOf(command: Command, parser: Commander): Parsed {
  const args: Parsed["args"] = {};
  command.args?.forEach((argument, i) => args[argument.name] = parser.processedArgs[i]);
  return { args, flags: flagValues(command.flags ?? [], parser) };
}

interface Parser {
  parser: Commander;
  written: () => Promise<void>;
}

function makeParser({ command, path, showHidden }: FoundCommand, context: Context): Parser {
  const all = showHidden.some((name) => context.env.get(name) === "1");
  const parser = new Commander(path.join(" "));
  parser.summary(command.summary).description(inParagraphs(command.description ?? command.summary));
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

/** Line ends within a paragraph are those of the source; commander breaks lines anew. Indented lines stay. */
const inParagraphs = (text: string) => text.replace(/(?<=\S)\n(?=\S)/g, " ");

/** Commander writes without waiting; what this gives resolves when all of it is out. */
function configureOutput(parser: Commander, path: string[], context: Context): () => Promise<void> {
  let written = Promise.resolve();
  parser.configureOutput({
    writeOut: (text) => void (written = written.then(() => context.out(asTyped(text)))),
    writeErr: (text) => void (written = written.then(() => context.err(asTyped(text)))),
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
