/** Runs `deno test` in a child process and counts what it says, skips that were decided while running included. */

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface TestRun {
  paths: string[];
  ignore?: string[];
  flags?: string[];
}

export async function runDenoTests({ paths, ignore = [], flags = [] }: TestRun): Promise<Counts> {
  const skipsFile = await Deno.makeTempFile({ prefix: "skiff-skips" });
  const args = ["test", "-A", "--no-check", "--v8-flags=--expose-gc", ...flags];
  if (ignore.length > 0) args.push(`--ignore=${ignore.join(",")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, ...paths],
    env: { SKIFF_SKIPS_FILE: skipsFile, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4000);
  }
  const { code } = await child.status;
  const counts = parseSummary(tail);
  const late = (await Deno.readTextFile(skipsFile)).split("\n").filter(Boolean).length;
  await Deno.remove(skipsFile);
  counts.passed -= late;
  counts.skipped += late;
  if (code !== 0 && counts.failed === 0) counts.failed = 1; // it died before it could count
  return counts;
}

/** Reads the last line that `deno test` prints: "ok | 12 passed (3 steps) | 0 failed | 1 ignored (4s)". */
export function parseSummary(output: string): Counts {
  const line = output.split("\n").findLast((text) => /\d+ passed/.test(text)) ?? "";
  const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: number("passed"), failed: number("failed"), skipped: number("ignored") };
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
