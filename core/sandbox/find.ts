/** Finding sandboxes: by workspace and agent, or by what a person calls them. */
import { listContainers } from "../docker/containers.ts";
import type { Docker } from "../docker/docker.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { labelFilters } from "./labels.ts";
import { type Sandbox, toSandbox } from "./sandbox.ts";

/** All of them, or those of a workspace and an agent; the newest first. */
export async function listSandboxes(
  docker: Docker,
  of: { workspace?: string; agent?: string } = {},
): Promise<Sandbox[]> {
  const found = await listContainers(docker, { all: true, filters: { label: labelFilters(of) } });
  return found.map(toSandbox).filter((sandbox) => sandbox !== undefined);
}

/**
 * Which of the sandboxes of one workspace and agent a run means: the named one, or without a name the only
 * one, the one with the default name, the newest.
 */
export function chooseSandbox(
  sandboxes: Sandbox[],
  { name, defaultName }: { name?: string; defaultName: string },
): Sandbox | undefined {
  if (name !== undefined) return sandboxes.find((one) => one.name === name);
  const whole = sandboxes.filter((one) => one.state !== "created");
  const candidates = whole.length > 0 ? whole : sandboxes;
  return candidates.find((one) => one.name === defaultName) ?? candidates[0];
}

/**
 * The sandboxes that words name: each a name, an id, or the start of an id. Throws "not_found" with the first
 * that is none, "usage" for the start of several ids.
 */
export function resolveSandboxes(all: Sandbox[], words: string[]): Sandbox[] {
  return words.map((word) => resolveSandbox(all, word));
}

export function resolveSandbox(all: Sandbox[], word: string): Sandbox {
  const exact = all.find((one) => one.name === word || one.id === word);
  if (exact) return exact;
  const starting = /^[0-9a-f]{2,}$/.test(word) ? all.filter((one) => one.id.startsWith(word)) : [];
  if (starting.length === 1) return starting[0];
  if (starting.length > 1) {
    throw new SkiffError("usage", `Several sandboxes have ids that start with ${word}`, {
      hint: "Give more of the id, or the name.",
    });
  }
  throw new SkiffError("not_found", `No such sandbox: ${word}`, {
    hint: "`skiff sandbox ls` shows the sandboxes that there are.",
  });
}
