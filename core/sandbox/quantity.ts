/** `--memory`, `--cpus`, `--pids`. */
import { SkiffError } from "../errors/skiff_error.ts";

const units: Record<string, number> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
/** What the Engine takes at least. */
const leastMemory = 6 * 2 ** 20;

/** Bytes of "512m", "4g", "4GiB", "1.5g". Throws "usage". */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = match ? Math.floor(Number(match[1]) * units[match[2].toLowerCase()]) : NaN;
  if (bytes >= leastMemory) return bytes;
  throw new SkiffError("usage", `--memory ${text} is no amount of memory of at least 6 MiB`, {
    hint: "Write it like 512m or 4g.",
  });
}

/** Number of processors, e.g. 1.5. Throws "usage". */
export function parseCpus(text: string): number {
  const cpus = Number(text);
  if (text.trim() !== "" && cpus >= 0.01) return cpus;
  throw new SkiffError("usage", `--cpus ${text} is no number of processors`, { hint: "Write it like 1.5." });
}

/** Number of processes and threads. Throws "usage". */
export function parsePids(text: string): number {
  const pids = Number(text);
  if (Number.isInteger(pids) && pids >= 16) return pids;
  throw new SkiffError("usage", `--pids ${text} is no number of processes of at least 16`);
}
