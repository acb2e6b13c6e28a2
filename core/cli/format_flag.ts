import type { Flag } from "./command.ts";

/** `--format`: how to print; the first choice is what holds without it. */
export function formatFlag(...choices: [string, ...string[]]): Flag {
  return { name: "format", value: "FORMAT", summary: "How to print", choices, default: choices[0] };
}
