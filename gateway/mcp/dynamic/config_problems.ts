/** Whether values are what a catalog entry says of its configuration. */
import * as z from "zod";
import { canonicalName } from "../catalog/template.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";

/** What is wrong, one line each; empty: nothing. A schema that cannot be read is not checked. */
export function configProblems(entry: ServerEntry, config: Record<string, unknown>): string[] {
  return (entry.config ?? []).flatMap(({ name, ...schema }) => {
    const own = [entry.name, canonicalName(entry.name)].includes(name);
    const path = own ? [] : name.split(".").filter((step) => step !== entry.name);
    const value = path.reduce<unknown>(
      (at, step) => at && typeof at === "object" ? (at as Record<string, unknown>)[step] : undefined,
      config,
    );
    const parser = parserOf(schema);
    const subject = value === undefined && schema.type === "object" ? {} : value;
    const issues = parser?.safeParse(subject).error?.issues ?? [];
    return issues.map((issue) => `${[...path, ...issue.path].join(".") || name}: ${issue.message}`);
  });
}

function parserOf(schema: Record<string, unknown>): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return undefined; // catalogs write what no schema language knows
  }
}
