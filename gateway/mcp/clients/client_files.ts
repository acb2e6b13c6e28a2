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

export interface ClientFile {
  path: string;
  format: EntryFormat;
}

/** Variables by which a user moves a client's files: where one is set, no other place counts. */
const movers = /^\$(CLAUDE_CONFIG_DIR|CODEX_HOME|XDG_CONFIG_HOME)\b/;

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
    return path === undefined ? [] : [{ path, moved: movers.test(pattern) }];
  });
  const chosen = candidates.find(({ moved }) => moved) ?? candidates.find(({ path }) => existsSync(path)) ??
    candidates[0];
  return chosen && { path: chosen.path, format: client.format };
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
  if (traces || !client.program) return traces;
  const extension = os === "windows" ? ".exe" : "";
  const folders = (env.get("PATH") ?? "").split(os === "windows" ? ";" : ":").filter((folder) => folder);
  return folders.some((folder) => existsSync(`${folder}/${client.program}${extension}`));
}

/** A path with its variables; undefined when one is not set. */
function expand(pattern: string, env: Environment): string | undefined {
  let missing = false;
  const path = pattern.replace(/\$([A-Z_]+)/g, (_, name) => {
    const value = name === "HOME" ? env.get("HOME") || env.get("USERPROFILE") : env.get(name);
    missing ||= !value;
    return value ?? "";
  });
  return missing ? undefined : path;
}
