/**
 * Which sandbox of a workspace and an agent was entered last, and by which Engine: a guess that saves time, always
 * checked against what the Engine says before anything runs.
 */
import { type Docker, type KnownEngine, knownEngine } from "../docker/docker.ts";
import type { Paths } from "../paths/paths.ts";
import { pathNumber } from "./naming.ts";
import type { Sandbox } from "./sandbox.ts";

export interface Entered {
  sandbox: Sandbox;
  engine: KnownEngine;
}

function fileOf(paths: Paths, workspace: string, agent: string): string {
  return `${paths.state}/sandbox-entered/${agent}-${pathNumber(workspace)}.json`;
}

/** `workspace`: its real path. Synchronous: a process's first asynchronous read takes 0.4 ms, and this is waited for. */
export function lastEntered(paths: Paths, workspace: string, agent: string): Entered | undefined {
  try {
    const { sandbox, engine }: Entered = JSON.parse(Deno.readTextFileSync(fileOf(paths, workspace, agent)));
    const { model, clone } = sandbox.settings;
    const fits = sandbox.workspace === workspace && model === undefined && !clone;
    return fits ? { sandbox: { ...sandbox, state: "running" }, engine } : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing depends on it: a place that cannot be written costs time only. */
export async function rememberEntered(paths: Paths, sandbox: Sandbox, docker: Docker): Promise<void> {
  const file = fileOf(paths, sandbox.workspace, sandbox.agent);
  const entered: Entered = { sandbox, engine: knownEngine(docker) };
  try {
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(file, JSON.stringify(entered), { mode: 0o600 });
  } catch {
    return;
  }
}
