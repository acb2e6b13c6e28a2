/**
 * Which sandbox of a workspace and an agent was entered last: a guess that saves time, always checked against what
 * the Engine says.
 */
import type { Paths } from "../paths/paths.ts";
import { pathNumber } from "./naming.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxRequest } from "./world.ts";

function fileOf(paths: Paths, workspace: string, agent: string): string {
  return `${paths.state}/sandbox-entered/${agent}-${pathNumber(workspace)}.json`;
}

export async function lastEntered(
  paths: Paths,
  { workspace, agent }: Pick<SandboxRequest, "workspace" | "agent">,
): Promise<Sandbox | undefined> {
  try {
    const sandbox: Sandbox = JSON.parse(await Deno.readTextFile(fileOf(paths, workspace.path, agent.name)));
    const fits = sandbox.workspace === workspace.path && sandbox.settings.model === undefined;
    return fits ? { ...sandbox, state: "running" } : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing depends on it: a place that cannot be written costs time only. */
export async function rememberEntered(paths: Paths, sandbox: Sandbox): Promise<void> {
  const file = fileOf(paths, sandbox.workspace, sandbox.agent);
  try {
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(file, JSON.stringify(sandbox), { mode: 0o600 });
  } catch {
    return;
  }
}
