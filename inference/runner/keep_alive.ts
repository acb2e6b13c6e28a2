/** Go durations ("5m", "1h30m", "-1") as they are written for keep_alive. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export const defaultKeepAlive = "5m";

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds to keep an idle model: 0 = unload at once, Infinity = never (any negative duration). A number
 * without a unit is seconds. Throws "invalid_input".
 */
export function keepAliveMs(text: string): number {
  const [, sign, rest] = /^([+-]?)(.+)$/.exec(text.trim()) ?? [];
  if (rest !== undefined) {
    const ms = /^[\d.]+$/.test(rest) ? Number(rest) * 1000 : sumOfParts(rest);
    if (ms !== undefined && !Number.isNaN(ms)) return sign === "-" && ms > 0 ? Infinity : ms;
  }
  throw new SkiffError("invalid_input", `"${text}" is not a duration`, {
    hint: 'Write it like "30m" or "1h30m"; "0" unloads at once, "-1" never.',
  });
}

function sumOfParts(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)(?:(\d+(\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text)) {
    return undefined;
  }
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * unitMs[unit];
  }
  return sum;
}
