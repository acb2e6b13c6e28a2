/** Locks between test processes; the system frees them when a process ends, however it ends. */
import { partsFolder } from "./parts.ts";

/** Runs `work` while no other process of the tests holds the lock of this name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  await Deno.mkdir(`${partsFolder}/locks`, { recursive: true });
  using file = await Deno.open(`${partsFolder}/locks/${name}`, { create: true, write: true });
  await file.lock(true);
  return await work();
}
