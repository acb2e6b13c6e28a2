/** When `catalog show --pull` takes a catalog anew: the words of Docker's toolkit, alone or joined with "+". */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import type { CatalogPlace } from "./catalogs.ts";

export const pullWords = ["never", "missing", "always", "initial", "exists"] as const;

export interface PullRule {
  word: typeof pullWords[number] | "older";
  /** Only when the last update is longer ago; 0: in any case. */
  ms: number;
}

/** What is known of a catalog before it is pulled. */
export interface PullState {
  /** It is here. */
  present: boolean;
  /** ms since its last update; undefined when it is not known. */
  age?: number;
  /** It was pulled at some time. */
  pulledBefore: boolean;
}

/** "missing", "6h", "always@1d", "initial+exists@6h". Throws "usage". */
export function parsePullRules(text: string): PullRule[] {
  return text.split("+").filter((part) => part !== "").map((part) => {
    const [word, age, ...rest] = part.split("@");
    const known = pullWords.find((one) => one === word);
    if (rest.length > 0 || (age !== undefined && !known)) throw wrongRule(part);
    if (known) return { word: known, ms: age === undefined ? 0 : durationMs(age) };
    return { word: "older", ms: durationMs(part) };
  });
}

/** Whether one of the rules asks for a pull. */
export function wantsPull(rules: PullRule[], { present, age, pulledBefore }: PullState): boolean {
  return rules.some(({ word, ms }) => {
    if (word === "never") return false;
    if (word === "initial") return !present && !pulledBefore;
    if (word === "missing") return !present;
    if (!present) return word !== "exists";
    return ms === 0 || (age !== undefined && age > ms);
  });
}

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of "90m", "1h30m", "1d". */
function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(text)) throw wrongRule(text);
  let sum = 0;
  for (const [, count, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|[smhdw])/g)) {
    sum += Number(count) * units[unit];
  }
  return sum;
}

function wrongRule(text: string): SkiffError {
  return new SkiffError("usage", `"${text}" does not say when to pull`, {
    hint: `Give ${pullWords.join(", ")}, or a time since the last update like 6h or 1d.`,
  });
}

const pullsFile = ({ env }: CatalogPlace) => `${skiffPaths(env).state}/mcp/pulled-catalogs`;

/** Remembers that a catalog was pulled, also after it is removed. */
export async function rememberPull(reference: string, place: CatalogPlace): Promise<void> {
  if (await wasPulled(reference, place)) return;
  const path = pullsFile(place);
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, `${reference}\n`, { append: true });
}

/** Whether skiff or Docker's toolkit pulled it at some time. */
export async function wasPulled(reference: string, place: CatalogPlace): Promise<boolean> {
  const text = await Deno.readTextFile(pullsFile(place)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  if (text.split("\n").includes(reference)) return true;
  const { readToolkitPulls } = await import("../toolkit/toolkit_database.ts"); // SQLite takes time to load
  return readToolkitPulls(place.files.database).includes(reference);
}
