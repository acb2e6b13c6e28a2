/** Profiles ("working sets") out of the SQLite database of Docker's toolkit. It is only read. */
import { DatabaseSync } from "node:sqlite";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

interface WorkingSetRow {
  id: string;
  name: string;
  servers: string;
  secrets: string;
}

/** The profiles as plain values; none when there is no database. Throws "corrupt" when it cannot be read. */
export function readToolkitProfiles(path: string): Record<string, unknown>[] {
  try {
    Deno.statSync(path);
  } catch {
    return [];
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const known = database.prepare(
        "select 1 from sqlite_master where type = 'table' and name = 'working_set'",
      );
      if (!known.get()) return [];
      const rows = database.prepare("select id, name, servers, secrets from working_set order by id").all();
      return (rows as unknown as WorkingSetRow[]).map(({ id, name, servers, secrets }) => ({
        version: 1,
        id,
        name,
        secrets: JSON.parse(secrets || "{}") ?? {},
        servers: JSON.parse(servers || "[]") ?? [],
      }));
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new SkiffError("corrupt", `Cannot read the profiles in ${path}: ${(cause as Error).message}`, {
      hint: "It belongs to Docker's toolkit; skiff goes on without it.",
      cause,
    });
  }
}
