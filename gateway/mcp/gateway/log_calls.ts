/** `--log-calls`: every tool call in a line before and a line after, with what was asked only in outline. */
import { printableLine } from "../../../core/terminal/printable.ts";
import type { CallMiddleware } from "./middleware.ts";

/** Values are not told: they may be anything. */
export function logCalls(write: (line: string) => void): CallMiddleware {
  // Names and messages are somebody else's: they are not to look like further lines.
  const log = (line: string) => write(printableLine(line));
  return async (call, next) => {
    const start = performance.now();
    log(`Calling tool ${call.name} with arguments: ${outline(call.arguments)}`);
    const took = () => `${(performance.now() - start).toFixed(1)}ms`;
    try {
      const result = await next(call);
      log(`${result?.isError ? "Tool reported an error" : "Calling tool done"}: ${call.name} (${took()})`);
      return result;
    } catch (error) {
      if (call.signal.aborted) log(`Calling tool cancelled: ${call.name} (${took()})`);
      else log(`Calling tool failed: ${call.name} (${took()}): ${(error as Error).message}`);
      throw error;
    }
  };
}

/** "query: text of 12, limit: number" */
export function outline(args: Record<string, unknown>): string {
  const parts = Object.entries(args).slice(0, 20).map(([name, value]) => `${name}: ${kindOf(value)}`);
  return parts.length > 0 ? parts.join(", ") : "none";
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return `text of ${value.length}`;
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object" && value !== null) return `object of ${Object.keys(value).length}`;
  return value === null ? "null" : typeof value;
}
