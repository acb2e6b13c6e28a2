/** The text of a catalog (YAML or JSON, v2 and v3 of Docker's format) and of single server entries. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { parseYamlMap } from "../files/yaml_text.ts";
import { type ServerEntry, serverType } from "./server_entry.ts";

export interface Catalog {
  /** The name that it has here: of its file, not what it says of itself. */
  name: string;
  displayName?: string;
  servers: Map<string, ServerEntry>;
  /** What is wrong with entries that were left out, one line each. */
  problems: string[];
}

/** A catalog with all its unknown fields in the entries. Throws "invalid_input" with file and line for broken text. */
export function parseCatalog(text: string, name: string, path: string): Catalog {
  return catalogOf(catalogValue(text, path), name, path);
}

/** The plain value of a catalog's text. JSON goes by its own parser, which is many times faster. */
export function catalogValue(text: string, path: string): Record<string, unknown> {
  if (/^\s*\{/.test(text)) {
    try {
      return JSON.parse(text);
    } catch { /* YAML in flow style, or the place of the error is told below */ }
  }
  return parseYamlMap(text, path);
}

export function catalogOf(value: Record<string, unknown>, name: string, path: string): Catalog {
  const registry = value.registry ?? {};
  if (typeof registry !== "object" || Array.isArray(registry)) {
    throw new SkiffError("invalid_input", `${path}: "registry" is no mapping`, {
      hint: "A catalog holds `registry:` with one server a key.",
    });
  }
  const catalog: Catalog = { name, servers: new Map(), problems: [] };
  if (typeof value.displayName === "string") catalog.displayName = value.displayName;
  for (const [server, raw] of Object.entries(registry as Record<string, unknown>)) {
    const problem = nameProblem(server) ?? entryProblem(raw);
    if (problem) {
      catalog.problems.push(`${path}: the server ${JSON.stringify(server)} is left out: ${problem}`);
    } else catalog.servers.set(server, { ...(raw as ServerEntry), name: server });
  }
  return catalog;
}

/**
 * A catalog from elsewhere without its `local` servers: those run on this machine without isolation, which only
 * its user may ask for.
 */
export function fromElsewhere(catalog: Catalog): Catalog {
  const servers = new Map(catalog.servers);
  const problems = [...catalog.problems];
  for (const [name, entry] of catalog.servers) {
    if (serverType(entry) !== "local") continue;
    servers.delete(name);
    problems.push(
      `${catalog.name}: the server "${name}" is left out: commands of this machine come only from catalogs made here`,
    );
  }
  return { ...catalog, servers, problems };
}

const textLists = ["command", "volumes", "allowHosts", "extraHosts", "allowedTools"] as const;
const objectLists = ["env", "secrets", "config", "tools"] as const;

/** Names stand in commands that people are told to copy: what a shell or a terminal would obey has no place there. */
function nameProblem(name: string): string | undefined {
  const isFine = /^[^\p{Cc}\p{Cf};&|<>$`"'\\(){}*?!#]+$/u.test(name);
  return isFine ? undefined : `${JSON.stringify(name)} cannot be a name`;
}

/** What makes a value no server entry; undefined when it is one. */
export function entryProblem(raw: unknown): string | undefined {
  if (raw === null || typeof raw !== "object" || Array.isArray(raw)) return "it is no mapping";
  const entry = raw as Record<string, unknown>;
  for (const field of textLists) {
    const list = entry[field];
    const bad = list !== undefined && list !== null &&
      (!Array.isArray(list) || list.some((item) => typeof item === "object"));
    if (bad) return `"${field}" is no list of texts`;
  }
  for (const field of objectLists) {
    const list = entry[field];
    const bad = list !== undefined && list !== null &&
      (!Array.isArray(list) || list.some((item) => typeof item !== "object" || item === null));
    if (bad) return `"${field}" is no list of mappings`;
  }
  if (entry.image !== undefined && typeof entry.image !== "string") return `"image" is no text`;
  const providers = (entry.oauth as ServerEntry["oauth"])?.providers ?? [];
  if (!Array.isArray(providers)) return `"oauth.providers" is no list of mappings`;
  const secrets = (entry.secrets ?? []) as unknown as { name: unknown }[];
  const names = [...secrets.map(({ name }) => name), ...providers.map((one) => one?.provider)];
  for (const name of names) {
    if (typeof name !== "string") return "one of its secrets or providers has no name";
    const problem = nameProblem(name);
    if (problem) return problem;
  }
  if (!serverType(entry as ServerEntry)) return "it has no image, no remote address and no tools that run";
  return undefined;
}

/**
 * A server out of a file: a catalog that has it under `name`, or one entry (with its own `name`). Throws
 * "not_found" and "invalid_input".
 */
export function parseServer(text: string, name: string | undefined, path: string): ServerEntry {
  const value = catalogValue(text, path);
  let raw: unknown = value;
  if (value.registry && typeof value.registry === "object") {
    const servers = value.registry as Record<string, unknown>;
    const wanted = name ?? (Object.keys(servers).length === 1 ? Object.keys(servers)[0] : undefined);
    raw = wanted === undefined ? undefined : servers[wanted];
    if (raw === undefined) {
      throw new SkiffError("not_found", `${path} has no server "${name ?? ""}"`, {
        hint: `It has: ${Object.keys(servers).join(", ") || "none"}.`,
      });
    }
    name = wanted;
  }
  const problem = entryProblem(raw) ?? (name === undefined ? undefined : nameProblem(name));
  if (problem) {
    throw new SkiffError("invalid_input", `${path} holds no server: ${problem}`, {
      hint: "See docs/mcp-catalog.md for the fields of a server.",
    });
  }
  const entry = raw as ServerEntry;
  const called = name ?? entry.name;
  if (!called) {
    throw new SkiffError("invalid_input", `${path}: the server has no name`, { hint: "Add `name:`." });
  }
  return { ...entry, name: called };
}
