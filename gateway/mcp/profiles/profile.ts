/** A profile: a set of servers with their values and tools, in the form in which Docker's toolkit exports it. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { catalogValue, entryProblem } from "../catalog/catalog_text.ts";
import { type ServerEntry, serverType } from "../catalog/server_entry.ts";
import { toYaml } from "../files/yaml_text.ts";

/**
 * "image", "remote", "registry" as Docker has them. A server of the type `poci` is an "image" by that of its
 * first tool; "local" is known by its snapshot only.
 */
export interface ProfileServer {
  type: string;
  image?: string;
  /** Address of a remote server. */
  endpoint?: string;
  /** Address in a community registry. */
  source?: string;
  config?: Record<string, unknown>;
  secrets?: string;
  /** Absent or null: all; []: none. */
  tools?: string[] | null;
  /** The entry as it was when the server was added. */
  snapshot?: { server: ServerEntry; [field: string]: unknown };
  [field: string]: unknown;
}

export interface Profile {
  version: number;
  id: string;
  name: string;
  secrets?: Record<string, { provider: string }>;
  servers: ProfileServer[];
  [field: string]: unknown;
}

/** The id for a name: lower case, with dashes. Ids that differ in case, "-" and "_" only are the same. Throws "usage" when nothing is left of it. */
export function profileId(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase(); // "é" -> "e"
  const id = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (id === "") {
    throw new SkiffError("usage", `"${name}" gives no id for a profile`, {
      hint: "Give one of letters and digits with --id.",
    });
  }
  return id;
}

/** A profile out of YAML or JSON. Throws "invalid_input" that says what is wrong. */
export function parseProfile(text: string, path: string): Profile {
  return checkedProfile(catalogValue(text, path), path);
}

export function checkedProfile(value: Record<string, unknown>, path: string): Profile {
  const wrong = (what: string) =>
    new SkiffError("invalid_input", `${path} is no profile: ${what}`, {
      hint: "A profile has an id, a name and a list of servers.",
    });
  if (typeof value.id !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(value.id)) {
    throw wrong("it has no id of letters, digits, dashes and underscores");
  }
  const servers = value.servers ?? [];
  if (!Array.isArray(servers)) throw wrong(`"servers" is no list`);
  servers.forEach((server, i) => {
    if (!server || typeof server !== "object") throw wrong(`server ${i + 1} is no mapping`);
    const entry = server.snapshot?.server;
    const problem = entry &&
      (typeof entry.name !== "string" ? "its snapshot has no name" : entryProblem(entry));
    if (problem) throw wrong(`server ${i + 1}: ${problem}`);
  });
  return {
    ...value,
    version: typeof value.version === "number" ? value.version : 1,
    id: value.id,
    name: typeof value.name === "string" ? value.name : value.id,
    servers: servers.map(({ catalogRef, ...server }) =>
      catalogRef ? { ...server, catalog_ref: catalogRef } : server
    ),
  };
}

/** As Docker's toolkit writes it in JSON, where one field has another name than in YAML. */
export function profileJson(profile: Profile): Profile {
  return { ...profile, servers: profile.servers.map(serverJson) };
}

export function serverJson({ catalog_ref, ...server }: ProfileServer): ProfileServer {
  return catalog_ref === undefined ? server : { ...server, catalogRef: catalog_ref };
}

/** Whether it runs on this machine without isolation. */
export function isCommand({ snapshot }: ProfileServer): boolean {
  return snapshot?.server !== undefined && serverType(snapshot.server) === "local";
}

/**
 * For profiles that the user did not write (from a registry, from a project's folder): throws "forbidden" when
 * one starts a command of this machine.
 */
export function refuseCommands(profile: Profile): void {
  const local = profile.servers.find(isCommand);
  if (!local) return;
  throw new SkiffError(
    "forbidden",
    `The profile "${profile.id}" runs a command of this machine: ${serverName(local)}`,
    {
      hint: "Look at it, then take it as a file with `skiff mcp profile import`.",
    },
  );
}

/** The text of a profile: JSON for a file that is called so, else YAML. */
export function profileText(profile: Profile, path: string): string {
  return /\.json$/i.test(path) ? `${JSON.stringify(profileJson(profile), null, 2)}\n` : toYaml(profile);
}

/** The name by which a server of a profile is called. */
export function serverName(server: ProfileServer): string {
  return server.snapshot?.server.name ?? (server.image || server.endpoint || server.source || server.type)
    .replace(/@.*$/, "").replace(/:[^/]*$/, "").split("/").at(-1)!;
}

/** The entry of a server of a profile, else of a catalog (`known`), with the image that the profile names. */
export function entryOf({ image, snapshot }: ProfileServer, known?: ServerEntry): ServerEntry | undefined {
  const entry = snapshot?.server ?? known;
  return entry && image && serverType(entry) === "server" ? { ...entry, image } : entry;
}

/** The entry of a catalog that is made of profiles' servers: it keeps which tools are on. */
export function catalogEntry(server: ProfileServer): ServerEntry | undefined {
  const entry = entryOf(server);
  return entry && server.tools ? { ...entry, allowedTools: server.tools } : entry;
}

/** A profile's form of a server of a catalog. */
export function profileServer(
  { allowedTools, ...entry }: ServerEntry,
  config?: Record<string, unknown>,
): ProfileServer {
  const type = serverType(entry);
  // Docker's toolkit writes "" for what is not there.
  const image = entry.image || entry.tools?.find((tool) => tool.container?.image)?.container?.image;
  const endpoint = entry.remote?.url || entry.sseEndpoint;
  return {
    ...(type === "remote"
      ? { type, endpoint }
      : type === "local" || image === undefined
      ? { type: type ?? "image" }
      : { type: "image", image }),
    ...(config && Object.keys(config).length > 0 ? { config } : {}),
    secrets: "default",
    ...(allowedTools ? { tools: allowedTools } : {}),
    snapshot: { server: type ? { ...entry, type } : entry },
  };
}
