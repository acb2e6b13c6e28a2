/**
 * Shell completion. The scripts are small and ask the program (`skiff __complete -- words…`) for candidates,
 * so that they never go stale and can offer model names.
 */
import type { Command, Context, Flag } from "./command.ts";
import { findCommand } from "./run_command.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = typeof shells[number];

/** The script that a user sources. */
export function completionScript(shell: Shell, program: string): string {
  const name = program.replaceAll(/\W/g, "_");
  if (shell === "bash") {
    return `_${name}() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(${program} __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${name} ${program}
`;
  }
  if (shell === "zsh") {
    return `#compdef ${program}
_${name}() {
  local -a candidates
  local line
  while IFS=$'\\t' read -r value summary; do
    candidates+=("\${value//:/\\\\:}\${summary:+:$summary}")
  done < <(${program} __complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)
  _describe '${program}' candidates || _files
}
compdef _${name} ${program}
`;
  }
  return `complete -c ${program} -f -a '(${program} __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;
}

export interface Candidate {
  value: string;
  summary?: string;
}

/** What the last of `words` (maybe empty) can become. */
export async function complete(root: Command, words: string[], context: Context): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const { command, words: rest } = await findCommand("", root, words.slice(0, -1));
  const flags = command.flags ?? [];
  const previous = rest.at(-1);
  const open = flags.find((flag) =>
    flag.value && !flag.optionalValue && flagNames(flag).includes(previous ?? "")
  );
  const candidates = open
    ? (open.choices ?? []).map((value) => ({ value }))
    : current.startsWith("-")
    ? flagCandidates(flags)
    : [...commandCandidates(command), ...await argumentCandidates(command, rest, context)];
  return candidates.filter((candidate) => candidate.value.startsWith(current));
}

const flagNames = (flag: Flag) => flag.short ? [`--${flag.name}`, `-${flag.short}`] : [`--${flag.name}`];

function flagCandidates(flags: Flag[]): Candidate[] {
  const visible = flags.filter((flag) => !flag.hidden);
  return [...visible.map((flag) => ({ value: `--${flag.name}`, summary: flag.summary })), {
    value: "--help",
    summary: "Show this help",
  }];
}

function commandCandidates(command: Command): Candidate[] {
  const visible = (command.commands ?? []).filter((entry) => !entry.hidden);
  return visible.map((entry) => ({ value: entry.name, summary: entry.summary }));
}

async function argumentCandidates(command: Command, rest: string[], context: Context): Promise<Candidate[]> {
  const given = rest.filter((word) => !word.startsWith("-")).length;
  const args = command.args ?? [];
  const argument = args[given] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  const values = await argument?.complete?.(context).catch(() => []) ?? [];
  return values.map((value) => ({ value }));
}
