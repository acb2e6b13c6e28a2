/**
 * Reading of bodies that a Go program will read: Go takes keys in any case ("privileged" is "Privileged"), so
 * keys must be written exactly; what is not known is refused, and what goes on is written anew.
 */
import { Refusal } from "./refusal.ts";

export type Json = Record<string, unknown>;

/** An object of the Engine's API. Throws `Refusal` (400) for anything else. */
export function asObject(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new Refusal(`${what} is no object`, 400);
}

export function parseBody(bytes: Uint8Array): Json {
  if (bytes.length === 0) return {};
  try {
    return asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), "the body");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("the body is no JSON", 400);
  }
}

/** Whether a value says nothing: absent, null, false, 0, "", [] or {}. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value as object).length === 0;
}

/** Keeps the keys that are free; those that are not must say nothing, and are left out. */
export function onlyKeys(value: Json, free: ReadonlySet<string>, what: string): Json {
  const kept: Json = {};
  for (const [key, one] of Object.entries(value)) {
    if (free.has(key)) kept[key] = one;
    else if (!isZero(one)) throw new Refusal(`${what}.${key} is not allowed in a sandbox`);
  }
  return kept;
}

/** A list of texts; absent = empty. */
export function textList(value: unknown, what: string): string[] {
  if (isZero(value)) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new Refusal(`${what} is no list of texts`, 400);
}

/** A text; absent = empty. */
export function text(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new Refusal(`${what} is no text`, 400);
}

/** Labels without those of skiff's own, and with the owner's. */
export function ownedLabels(value: unknown, owner: Record<string, string>): Record<string, string> {
  const labels = isZero(value) ? {} : asObject(value, "Labels");
  const kept = Object.entries(labels).filter(([name]) => !name.toLowerCase().startsWith("skiff."));
  return { ...Object.fromEntries(kept.map(([name, one]) => [name, String(one)])), ...owner };
}
