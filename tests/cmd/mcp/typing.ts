/** `skiff mcp` as it is typed, in this process: what is printed, where, and the exit code. */
import { mcpCommand } from "../../../cmd/mcp/group.ts";
import type { Context } from "../../../core/cli/command.ts";
import { runCommandLine } from "../../../core/cli/run_command.ts";
import type { TestHome } from "../../gateway/mcp/home.ts";

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Runs `skiff mcp WORDS…` in a home; stdin is a terminal, stdout none. */
export function typing({ env }: Pick<TestHome, "env">): (...words: string[]) => Promise<Said> {
  return async (...words) => {
    const said = { out: "", err: "" };
    const context: Context = {
      env,
      signal: new AbortController().signal,
      debug: false,
      color: false,
      stdinIsTerminal: true,
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      out: (text) => (said.out += text, Promise.resolve()),
      err: (text) => (said.err += text, Promise.resolve()),
    };
    return { code: await runCommandLine("skiff mcp", mcpCommand, words, context), ...said };
  };
}
