/** Command lines as they are typed, run in this process: what is printed, where, and the exit code. */
import type { Command, Context } from "../../core/cli/command.ts";
import { runCommandLine } from "../../core/cli/run_command.ts";

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** A context without variables and terminals, but for `rest`; what is printed is collected. */
export function collectingContext(
  rest: Partial<Context> = {},
): { context: Context; said: Omit<Said, "code"> } {
  const said = { out: "", err: "" };
  const context: Context = {
    env: { get: () => undefined },
    signal: new AbortController().signal,
    debug: false,
    color: false,
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    out: (text) => (said.out += text, Promise.resolve()),
    err: (text) => (said.err += text, Promise.resolve()),
    ...rest,
  };
  return { context, said };
}

/** Runs `words` below `root`, which is typed as `program` ("skiff mcp"). */
export async function typed(
  program: string,
  root: Command,
  words: string[],
  rest: Partial<Context> = {},
): Promise<Said> {
  const { context, said } = collectingContext(rest);
  return { code: await runCommandLine(program, root, words, context), ...said };
}
