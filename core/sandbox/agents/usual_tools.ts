/** Programs that every agent counts on: without the first two it is of little use, without the others slower. */
import type { AgentRecipe } from "./agent.ts";

export const usualTools: AgentRecipe["tools"] = [
  { name: "bash", required: true },
  { name: "git", required: true },
  { name: "curl", required: false },
  { name: "rg", required: false },
];
