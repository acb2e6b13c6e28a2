/** What differs between the flags given now and the settings that a sandbox was created with. */
import type { SandboxSettings } from "./settings.ts";
import { formatVolume } from "./volume_flag.ts";

export interface Difference {
  /** The flag, with the variable or path it is about: "--env NODE_ENV". */
  flag: string;
  old: string;
  new: string;
}

type Key = keyof SandboxSettings;
const plainFlags: [Key, string][] = [
  ["template", "--template"],
  ["base", "--base"],
  ["dockerSocket", "--mount-docker-socket"],
  ["credentials", "--credentials"],
  ["network", "--network"],
  ["preset", "--preset"],
  ["runtime", "--runtime"],
  ["memory", "--memory"],
  ["cpus", "--cpus"],
  ["pids", "--pids"],
  ["allowGit", "--allow-git"],
  ["clone", "--clone"],
  ["model", "--model"],
  ["mcp", "--mcp"],
];

/**
 * Compares only what was `given`: a run without flags uses the sandbox as it is. Of `env` and `volumes`, only
 * the variables and targets named now are compared.
 */
export function differences(created: SandboxSettings, given: Partial<SandboxSettings>): Difference[] {
  const found: Difference[] = [];
  for (const [name, value] of Object.entries(given.env ?? {})) {
    push(found, `--env ${name}`, created.env[name], value);
  }
  for (const volume of given.volumes ?? []) {
    const old = created.volumes.find(({ target }) => target === volume.target);
    push(found, `--volume ${volume.target}`, old && formatVolume(old), formatVolume(volume));
  }
  for (const rule of given.allow ?? []) {
    if (!created.allow.includes(rule)) push(found, "--allow-host", undefined, rule);
  }
  for (const rule of given.deny ?? []) {
    if (!created.deny.includes(rule)) push(found, "--deny-host", undefined, rule);
  }
  for (const [key, flag] of plainFlags) {
    if (given[key] !== undefined) push(found, flag, created[key], given[key]);
  }
  return found;
}

function push(found: Difference[], flag: string, old: unknown, now: unknown): void {
  const [before, after] = [old, now].map((value) => value === undefined ? "(not set)" : String(value));
  if (before !== after) found.push({ flag, old: before, new: after });
}

/** Lines for a person, with how to get a sandbox that has what was asked for. */
export function explainDifferences(name: string, program: string, found: Difference[]): string {
  const lines = found.map((one) => `  ${one.flag}: ${one.old} -> ${one.new}`);
  return [
    `The sandbox ${name} was created with other settings, and keeps them:`,
    ...lines,
    `Add --recreate to replace it, or remove it first: ${program} sandbox rm ${name}`,
    "",
  ].join("\n");
}
