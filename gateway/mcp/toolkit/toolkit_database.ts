/** The SQLite database of Docker's toolkit (`mcp-toolkit.db`): profiles ("working sets") and catalogs. It is only read. */
import { DatabaseSync } from "node:sqlite";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

type Row = Record<string, string | null>;

/** The profiles as plain values; none when there is no database. Throws "corrupt" when it cannot be read. */
export function readToolkitProfiles(path: string): Record<string, unknown>[] {
  return withDatabase(
    path,
    (database) =>
      rows(database, "working_set").map(({ id, name, servers, secrets }) => ({
        version: 1,
        id,
        name,
        secrets: JSON.parse(secrets || "{}") ?? {},
        servers: JSON.parse(servers || "[]") ?? [],
      })),
  );
}

/** A catalog as it goes through registries, with what the toolkit knows of it. */
export interface ToolkitCatalog {
  /** "mcp/docker-mcp-catalog:latest" */
  ref: string;
  /** Hexadecimal, of the manifest. */
  digest: string;
  title: string;
  source: string;
  servers: Record<string, unknown>[];
}

/** The catalogs by reference; none when there is no database. Throws "corrupt". */
export function readToolkitCatalogs(path: string): ToolkitCatalog[] {
  return withDatabase(path, (database) => {
    const servers = Map.groupBy(rows(database, "catalog_server"), ({ catalog_ref: ref }) => ref);
    return rows(database, "catalog").map(({ ref, digest, title, source }) => ({
      ref: ref ?? "",
      digest: digest ?? "",
      title: title ?? "",
      source: source ?? "",
      servers: (servers.get(ref) ?? []).map(serverOf),
    }));
  });
}

function serverOf({ server_type: type, tools, source, image, endpoint, snapshot }: Row) {
  return {
    type,
    ...(source ? { source } : {}),
    ...(image ? { image } : {}),
    ...(endpoint ? { endpoint } : {}),
    ...(parsed(tools) ? { tools: parsed(tools) } : {}),
    ...(parsed(snapshot) ? { snapshot: parsed(snapshot) } : {}),
  };
}

const parsed = (text: string | null | undefined): unknown => text ? JSON.parse(text) : undefined;

/** References of catalogs that the toolkit pulled at some time, whether they are there or not. */
export function readToolkitPulls(path: string): string[] {
  return withDatabase(path, (database) => rows(database, "pull_record").map(({ ref }) => ref ?? ""));
}

/** That the toolkit moved servers from its YAML files into its profile "default". */
export interface ToolkitMove {
  servers: string[];
  /** The end of the second in which it was done. */
  until: Date;
}

/** Undefined when it did not, or not to the end. Throws "corrupt". */
export function readToolkitMove(path: string): ToolkitMove | undefined {
  const [row] = withDatabase(path, (database) => rows(database, "migration_status"));
  if (row?.status !== "success") return undefined;
  const at = Date.parse(`${row.last_updated?.replace(" ", "T").slice(0, 19)}Z`);
  if (Number.isNaN(at)) return undefined;
  const told = (row.logs ?? "").split("\n").map((line) => /^added server (.+) to profile$/.exec(line)?.[1]);
  return { servers: told.filter((name) => name !== undefined), until: new Date(at + 1000) };
}

/** All rows of a table in their order; none when an older toolkit has no such table. */
function rows(database: DatabaseSync, table: string): Row[] {
  const known = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?");
  if (!known.get(table)) return [];
  return database.prepare(`select * from ${table} order by rowid`).all() as unknown as Row[];
}

function withDatabase<T>(path: string, read: (database: DatabaseSync) => T[]): T[] {
  try {
    Deno.statSync(path);
  } catch {
    return [];
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      database.exec("pragma busy_timeout = 5000"); // as the toolkit waits for its own other processes
      return read(database);
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new SkiffError("corrupt", `Cannot read ${path}: ${(cause as Error).message}`, {
      hint: "It belongs to Docker's toolkit; skiff goes on without it.",
      cause,
    });
  }
}
