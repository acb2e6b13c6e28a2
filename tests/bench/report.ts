/** Figures and their bounds as a table. */

export interface Row {
  name: string;
  unit: string;
  ours: number;
  /** Of the peer; absent where there is none. */
  theirs?: number;
  /** What must hold: for the ratio ours/theirs, for the difference, or for our figure alone. */
  bound: { atLeast?: number; atMost?: number; atMostPlus?: number; limit?: number };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that `part` of all are at most: 0.99 for the 99th percentile. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)];
}

/** Markdown with the date, the machine and the command. */
export async function table(
  rows: Row[],
  command: string,
  note = "SmolLM2-135M-Instruct Q4_1",
): Promise<string> {
  const cells = rows.map(({ name, unit, ours, theirs, bound }) => {
    const held = holds(ours, theirs, bound) ? "yes" : "**no**";
    const peer = theirs === undefined ? "" : `${round(theirs)} ${unit}`;
    return `| ${name} | ${round(ours)} ${unit} | ${peer} | ${compare(ours, theirs, bound)} | ${held} |`;
  });
  return [
    `## ${new Date().toISOString().slice(0, 10)}: ${await machine()}`,
    "",
    `\`${command}\`; medians; ${note}.`,
    "",
    "| what | skiff | peer | ratio (bound) | holds |",
    "| --- | --- | --- | --- | --- |",
    ...cells,
    "",
  ].join("\n");
}

function holds(ours: number, theirs: number | undefined, bound: Row["bound"]): boolean {
  if (theirs === undefined) return ours <= bound.limit!;
  if (bound.atMostPlus !== undefined) return ours <= theirs + bound.atMostPlus;
  return bound.atLeast !== undefined ? ours / theirs >= bound.atLeast : ours / theirs <= bound.atMost!;
}

function compare(ours: number, theirs: number | undefined, bound: Row["bound"]): string {
  if (theirs === undefined) return `(≤ ${bound.limit})`;
  if (bound.atMostPlus !== undefined) {
    return `${(ours / theirs).toFixed(2)}, ${round(ours - theirs)} more (≤ ${bound.atMostPlus} more)`;
  }
  const limit = bound.atLeast !== undefined ? `≥ ${bound.atLeast}` : `≤ ${bound.atMost}`;
  return `${significant(ours / theirs)} (${limit})`;
}

const significant = (ratio: number) => ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2);

function round(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** Of this process: processor, cores, system. */
export async function machine(): Promise<string> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const model = /model name\s*: (.*)/.exec(info)?.[1] ?? Deno.build.arch;
  return `${model}, ${navigator.hardwareConcurrency} cores, ${Deno.build.os}`;
}
