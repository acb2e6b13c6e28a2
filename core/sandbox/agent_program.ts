/** What runs in a sandbox when its agent is run. Pure. */
import type { Agent } from "./agents/agent.ts";
import { missingBinaryMessage } from "./entry_script.ts";
import type { ProgramRun } from "./prepared_run.ts";
import { terminalEnvironment } from "./raw_terminal.ts";
import type { Sandbox } from "./sandbox.ts";
import { agentContext, agentEnvironment } from "./session_context.ts";

export interface AgentRun {
  agent: Agent;
  args: string[];
  /** Input and output are a terminal. */
  terminal: boolean;
  stdinIsTerminal: boolean;
  detachKeys?: string;
  /** Of the user, for what is told of the terminal. */
  env: { get(name: string): string | undefined };
}

export function agentProgram(sandbox: Sandbox, run: AgentRun): ProgramRun {
  const context = agentContext(sandbox, run.terminal);
  const command = run.agent.command(context, run.args);
  return {
    command,
    env: {
      ...(run.terminal ? terminalEnvironment(run.env) : {}),
      ...agentEnvironment(run.agent, context),
    },
    tty: run.terminal,
    // A terminal that is not handed on would keep an agent waiting that reads its input to the end.
    stdin: run.terminal || !run.stdinIsTerminal,
    detachKeys: run.detachKeys,
    missing: command[0] === run.agent.binary ? missingBinaryMessage(run.agent.binary) : undefined,
  };
}
