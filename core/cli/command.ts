/**
 * Commands as values. Parsing, help, completion and "did you mean" are derived from them (run_command.ts,
 * completion.ts); a command file declares and calls, and holds no logic that another command could want.
 */

export interface Argument {
  name: string;
  summary?: string;
  required?: boolean;
  /** Takes all remaining words; must be the last one. */
  variadic?: boolean;
  /** Candidates for shell completion. */
  complete?: (context: Context) => Promise<string[]>;
}

export interface Flag {
  /** Long name without dashes, e.g. "format". */
  name: string;
  /** One letter without dash. */
  short?: string;
  summary: string;
  /** Name of the value in help, e.g. "PATH"; a flag without it is a boolean. */
  value?: string;
  /** The value may be left out (`--think` and `--think=false`). */
  optionalValue?: boolean;
  /** May be given several times; the value is a list. */
  repeatable?: boolean;
  /** Allowed values; anything else is a usage error. */
  choices?: string[];
  default?: string | boolean;
  hidden?: boolean;
}

/** What a command needs of the world. Tests give their own. */
export interface Context {
  env: { get(name: string): string | undefined };
  /** Aborted by the first Ctrl+C or SIGTERM. */
  signal: AbortSignal;
  debug: boolean;
  /** Colours wanted on stdout: a terminal, and NO_COLOR unset. */
  color: boolean;
  stdinIsTerminal: boolean;
  stdoutIsTerminal: boolean;
  stderrIsTerminal: boolean;
  /** Writes all of the text to stdout; resolves when the system has it. A closed pipe ends the program quietly. */
  out(text: string): Promise<void>;
  err(text: string): Promise<void>;
}

export interface Invocation {
  context: Context;
  /** Argument values by name: a string, or a list for a variadic one. */
  args: Record<string, string | string[] | undefined>;
  /** Flag values by long name: boolean, string, or a list. */
  flags: Record<string, boolean | string | string[] | undefined>;
  /** Words after `--`. */
  rest: string[];
}

export interface CommandSummary {
  name: string;
  aliases?: string[];
  summary: string;
  hidden?: boolean;
}

/** An entry in a group: enough for help and completion; the module is loaded when it runs. */
export interface LazyCommand extends CommandSummary {
  load(): Promise<Command>;
}

export interface Command extends CommandSummary {
  description?: string;
  args?: Argument[];
  flags?: Flag[];
  examples?: string[];
  /** Flags after the first argument belong to another program and are left in the arguments. */
  passThrough?: boolean;
  /** Of a group: flags that all its commands have, and that may stand before the command's name as well. */
  commonFlags?: Flag[];
  /** Name of a variable that, set to 1, shows what is hidden in the help of this command and all below it. */
  showHidden?: string;
  /** Sub-commands; a group may have `run` as well, used when no sub-command is named. */
  commands?: LazyCommand[];
  /** Does it; a number is the exit code. Throws `SkiffError`. */
  run?(invocation: Invocation): Promise<number | void>;
}
