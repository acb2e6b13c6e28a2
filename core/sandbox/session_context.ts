/** What an agent is told in one run, from what its sandbox was made with. Pure. */
import type { Agent, AgentContext } from "./agents/agent.ts";
import type { SandboxLabels } from "./labels.ts";

export function agentContext(sandbox: SandboxLabels, interactive: boolean): AgentContext {
  return {
    workspace: sandbox.workspace,
    home: sandbox.home,
    interactive,
    root: sandbox.uid === 0,
    credentials: sandbox.settings.credentials,
    variables: sandbox.settings.env,
    ...sandbox.access,
  };
}

/** Variables of the agent's process; what the user gave with -e wins. */
export function agentEnvironment(agent: Agent, context: AgentContext): Record<string, string> {
  return { ...agent.environment(context), ...context.variables };
}
