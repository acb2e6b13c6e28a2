/** Which file a client's configuration is on this machine. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { existsSync } from "../../../core/paths/exists.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import type { ClientOs, EntryFormat, McpClient } from "./client.ts";
import { mcpClients } from "./client_table.ts";

export interface ClientPlace {
  env: Environment;
  os: ClientOs;
  /** For the project's scope. */
  cwd: string;
}

export interface ClientFile extends Pick<McpClient, "blank" | "hides"> {
  path: string;
  format: EntryFormat;
}

/** Variables that each user has; by any other one a user moves a client's files. */
const usual = /^\??\$(HOME|USERPROFILE|XDG_CONFIG_HOME|APPDATA|LOCALAPPDATA)\b/;

/** The client of a name. Throws "not_found". */
export function findClient(name: string): McpClient {
  const client = mcpClients.find((one) => one.name === name.toLowerCase());
  if (client) return client;
  throw new SkiffError("not_found", `There is no client "${name}"`, {
    hint: `Clients: ${mcpClients.map((one) => one.name).join(", ")}.`,
  });
}

/** The user's file of a client; undefined when the client is not made for this system. */
export function globalFile(client: McpClient, { env, os }: ClientPlace): ClientFile | undefined {
  const candidates = client.global[os].flatMap((pattern) => {
    const path = expand(pattern, env);
    return path === undefined ? [] : [{ path, pattern }];
  });
  const first = (fits: (one: { path: string; pattern: string }) => boolean) => candidates.find(fits)?.path;
  const path = first(({ pattern }) => !usual.test(pattern)) ?? first(({ path }) => existsSync(path)) ??
    first(({ path }) => existsSync(folderOf(path))) ?? first(({ pattern }) => !pattern.startsWith("?"));
  const { format, blank, hides } = client;
  return path === undefined ? undefined : { path, format, blank, hides };
}

/** The file of a client in a project; undefined when it has no such scope. */
export function projectFile(client: McpClient, root: string): ClientFile | undefined {
  return client.project && { path: `${root}/${client.project.file}`, format: client.project.format };
}

/** The folder of the project: the nearest parent with `.git`. Throws "usage" outside of one. */
export function projectRoot(cwd: string): string {
  const start = cwd.replaceAll("\\", "/");
  for (let folder = start; folder; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    if (existsSync(`${folder}/.git`)) return folder;
  }
  throw new SkiffError("usage", "This folder is in no Git project", {
    hint: "Go to a project, or add --global to change the user's own configuration.",
  });
}

/** Whether anything of the client is on this machine. */
export function isInstalled(client: McpClient, { env, os }: ClientPlace): boolean {
  const traces = client.traces.some((pattern) => {
    const path = expand(pattern, env);
    return path !== undefined && existsSync(path);
  });
  return traces || (client.program !== undefined && onPath(client.program, { env, os }) !== undefined);
}

/** The first program of a name on PATH. */
export function onPath(program: string, { env, os }: Pick<ClientPlace, "env" | "os">): string | undefined {
  const extensions = os === "windows" ? [".exe", ".cmd"] : [""];
  const folders = (env.get("PATH") ?? "").split(os === "windows" ? ";" : ":").filter((folder) => folder);
  return folders.flatMap((folder) => extensions.map((extension) => `${folder}/${program}${extension}`))
    .find(existsSync);
}

export const folderOf = (path: string) => path.replace(/[/\\][^/\\]*$/, "");

/** A path with its variables; undefined when one is not set. */
function expand(pattern: string, env: Environment): string | undefined {
  let missing = false;
  const path = pattern.replace(/^\?/, "").replace(/\$([A-Z_]+)/g, (_, name) => {
    const value = variable(name, env);
    missing ||= !value;
    return value ?? "";
  });
  return missing ? undefined : path;
}

function variable(name: string, env: Environment): string | undefined {
  const home = env.get("HOME") || env.get("USERPROFILE");
  if (name === "HOME") return home;
  return env.get(name) || (name === "XDG_CONFIG_HOME" && home ? `${home}/.config` : undefined);
}
