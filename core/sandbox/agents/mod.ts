/** The agents that skiff knows, by their word on the command line. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Agent } from "./agent.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import { shell } from "./shell.ts";

export const agents: readonly Agent[] = [claude, codex, gemini, opencode, shell];

/** Throws "usage" with the names that there are. */
export function findAgent(name: string): Agent {
  const agent = agents.find((agent) => agent.name === name);
  if (agent) return agent;
  throw new SkiffError("usage", `Unknown agent: ${name}`, {
    hint: `Agents: ${agents.map(({ name }) => name).join(", ")}.`,
  });
}
