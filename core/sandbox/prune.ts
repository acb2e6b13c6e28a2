/** Which sandboxes nobody needs. */
import { SkiffError } from "../errors/skiff_error.ts";
import { parseDuration } from "../format/duration.ts";
import type { Sandbox } from "./sandbox.ts";

export interface PruneLimits {
  /** Only those made before this time, in milliseconds since 1970. */
  before: number;
}

/** Reads `until=168h` and `until=2026-01-31`. Throws "usage". */
export function parsePruneFilters(filters: string[], now: number): PruneLimits {
  let before = Infinity;
  for (const filter of filters) {
    const value = /^until=(.+)$/.exec(filter)?.[1];
    const age = value === undefined ? undefined : parseDuration(value);
    const time = age !== undefined
      ? now - age
      : /^\d+$/.test(value ?? "")
      ? Number(value) * 1000
      : Date.parse(value ?? "");
    if (Number.isNaN(time)) {
      throw new SkiffError("usage", `--filter ${filter} is none`, {
        hint: "Write it like until=168h or until=2026-01-31.",
      });
    }
    before = Math.min(before, time);
  }
  return { before };
}

/** Those that do not run, are half made, or whose workspace is gone. */
export async function prunable(sandboxes: Sandbox[], { before }: PruneLimits): Promise<Sandbox[]> {
  const found: Sandbox[] = [];
  for (const sandbox of sandboxes) {
    if (Date.parse(sandbox.created) >= before) continue;
    const idle = !["running", "paused", "restarting"].includes(sandbox.state);
    const there = await Deno.stat(sandbox.workspace).then(() => true, () => false);
    if (idle || !there) found.push(sandbox);
  }
  return found;
}
