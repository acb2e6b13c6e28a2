/**
 * What the protected files of a workspace were when its sandbox was started. Where they are others now, their
 * mounts are gone from the running container (protection.ts).
 */
import type { Paths } from "../paths/paths.ts";
import { sandboxFiles } from "./network/sandbox_files.ts";
import { identities } from "./protection.ts";

function recordFile(paths: Paths, key: string): string {
  return `${sandboxFiles(paths, key).state}/protected.json`;
}

export async function recordStart(paths: Paths, key: string, protectedPaths: string[]): Promise<void> {
  const { state } = sandboxFiles(paths, key);
  await Deno.mkdir(state, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(recordFile(paths, key), JSON.stringify(await identities(protectedPaths)));
}

/** The paths that were replaced since the start, and so can be written from inside. */
export async function replacedSinceStart(paths: Paths, key: string): Promise<string[]> {
  const before = await readRecord(paths, key);
  const now = await identities(Object.keys(before));
  return Object.keys(before).filter((path) => before[path] !== now[path]);
}

/** All protected paths, as they were mounted. */
export async function protectedAtStart(paths: Paths, key: string): Promise<string[]> {
  return Object.keys(await readRecord(paths, key));
}

async function readRecord(paths: Paths, key: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await Deno.readTextFile(recordFile(paths, key)));
  } catch {
    return {};
  }
}
