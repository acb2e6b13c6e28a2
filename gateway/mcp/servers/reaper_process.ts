/** `skiff mcp-reaper OWNER [containers] [PID:START…]` (hidden): see reaper.ts. */
import { openDocker } from "../../../core/docker/docker.ts";
import { pause } from "../../../core/http/request.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { processStart } from "../../../core/process/process_start.ts";
import { ownerLives, removeOrphans } from "./container_owner.ts";

export const containersWord = "containers";

/** A process whose files are closed already may take so long to be gone. */
const goneWithinMs = 10_000;
const lookEveryMs = 50;
/** For a process to end by itself once its stdin has ended, and again once it is told. */
const graceMs = 2000;
/** What the Engine was asked to make when the gateway was killed comes within that. */
const madeWithinMs = 1000;
const mostTries = 10;

/** Ends the gateway's process groups and containers. Gives the exit code. */
export async function runReaper([owner, ...words]: string[]): Promise<number> {
  const until = Date.now() + goneWithinMs;
  while (await ownerLives(owner)) {
    if (Date.now() > until) return 1; // it has not been killed: it alone knows why it closed its end
    await pause(lookEveryMs);
  }
  await Promise.allSettled(words.map((word) => word === containersWord ? endContainers() : endGroup(word)));
  return 0;
}

/** Once more after the last one was found: the Engine may have been asked for another. */
async function endContainers(): Promise<void> {
  using docker = await openDocker();
  for (let tries = 0; tries < mostTries && await removeOrphans(docker, skiffPaths()) > 0; tries++) {
    await pause(madeWithinMs);
  }
}

async function endGroup(word: string): Promise<void> {
  const [pid, start] = word.split(":");
  const leads = async () => await processStart(Number(pid)) === start;
  if (!await leads()) return;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const until = Date.now() + graceMs;
    while (Date.now() < until && await leads()) await pause(lookEveryMs);
    try {
      Deno.kill(-Number(pid), signal);
    } catch {
      return; // all of it has ended
    }
  }
}
