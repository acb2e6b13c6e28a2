/** One process at a time makes, starts or removes the sandbox of a workspace. The system frees locks of the killed. */
import type { Paths } from "../paths/paths.ts";
import { pathNumber } from "./naming.ts";
import { privateFolder } from "./network/records.ts";

/** Runs `work` while no other process of this user holds the lock of the same workspace and agent. */
export async function underSandboxLock<T>(
  paths: Paths,
  { workspace, agent }: { workspace: string; agent: string },
  work: () => Promise<T>,
): Promise<T> {
  const folder = `${paths.runtime}/sandbox-locks`;
  await privateFolder(folder);
  const file = `${folder}/${agent}-${pathNumber(workspace)}${pathNumber(`${workspace}/`)}.lock`;
  using lock = await Deno.open(file, { create: true, write: true });
  await lock.lock(true);
  return await work();
}
