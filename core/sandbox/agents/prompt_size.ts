/**
 * How much of an agent's own prompt a local model gets. Each agent's full prompt is 8 to 12 thousand tokens
 * before any work is done; a small model neither holds nor follows that, and a processor reads it for minutes.
 */
import type { AgentModel } from "./agent.ts";

/** "short": a paragraph and the shell; "reduced": own instructions, the tools to edit files; "full": all. */
export type PromptSize = "short" | "reduced" | "full";

const longContext = 65_536;
const shortContext = 24_576;

export function promptSize({ contextTokens, parameters = 0 }: AgentModel): PromptSize {
  if (contextTokens < shortContext || (parameters > 0 && parameters < 4e9)) return "short";
  if (contextTokens < longContext || (parameters > 0 && parameters < 20e9)) return "reduced";
  return "full";
}

/** What stands in for an agent's own instructions. */
export function shortInstructions(workspace: string, shellTool: string): string {
  return `You are a coding agent in a Linux sandbox, in the folder ${workspace}. ` +
    `Use the tool ${shellTool} to run shell commands: look at files, change them, run tests. ` +
    "When nothing needs to be run, answer in plain words. Be brief.";
}

/** Tokens that one answer may have, so that prompt and answer fit the context together. */
export function answerTokens({ contextTokens }: AgentModel): number {
  return Math.max(512, Math.min(32_000, Math.floor(contextTokens / 4)));
}
