/** Durations: Go's notation ("1h30m", "300ms"), which Docker's options and files use, and words for people. */

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a Go duration: "30m", "-1s", "1h2m3.5s", "0". Undefined when it is none (time.ParseDuration). */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)(.+)$/.exec(text.trim());
  if (!match) return undefined;
  const sign = match[1] === "-" ? -1 : 1;
  if (match[2] === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(match[2])) return undefined;
  let total = 0;
  for (const [, number, unit] of match[2].matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(number) * unitMs[unit];
  }
  return sign * total;
}

/** Go's form of a duration: "1h30m0s", "1.5s", "250ms", "0s" (time.Duration.String). */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1e-3) return `${trimmed(ms * 1e6)}ns`;
  if (ms < 1) return `${trimmed(ms * 1e3)}µs`;
  if (ms < 1000) return `${trimmed(ms)}ms`;
  const hours = Math.floor(ms / unitMs.h);
  const minutes = Math.floor(ms % unitMs.h / unitMs.m);
  const seconds = `${trimmed(ms % unitMs.m / 1000)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}

/** How long, in words and one unit, as Docker says it: "Less than a second", "4 minutes", "About an hour", "3 days". */
export function durationWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 730) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** A point in time seen from `now` (Unix milliseconds): "4 minutes from now", "2 weeks ago". */
export function relativeTime(time: number, now: number): string {
  return time > now ? `${durationWords(time - now)} from now` : `${durationWords(now - time)} ago`;
}
