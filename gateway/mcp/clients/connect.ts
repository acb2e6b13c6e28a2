/** Connecting clients to the gateway: one entry in the client's own configuration. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { pluginGroup } from "../../../core/process/called_as.ts";
import { selfCommand } from "../../../core/process/self.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import { existsSync } from "../../../core/paths/exists.ts";
import { backupPath, editFile, readText } from "../files/edit_file.ts";
import type { ClientOs, GatewayCommand, McpClient } from "./client.ts";
import { changeEntry, entryKey, hasEntry, readEntries } from "./client_entries.ts";
import {
  type ClientFile,
  type ClientPlace,
  folderOf,
  globalFile,
  onPath,
  projectFile,
  projectRoot,
} from "./client_files.ts";

/** Names under which the gateway stands in clients: skiff's, and the one of Docker's toolkit. */
export const entryNames = ["MCP_SKIFF", "MCP_DOCKER"];

export interface ConnectOptions extends ClientPlace {
  global: boolean;
  /** Name of the entry. Default: MCP_SKIFF, as a plugin of Docker's MCP_DOCKER. */
  name?: string;
  profile?: string;
  /** Takes away the gateway's entries of other names. */
  replace?: boolean;
  /** Default: this program. */
  command?: GatewayCommand;
}

export interface Connected {
  path: string;
  name: string;
  /** False when it was so already. */
  changed: boolean;
  /** Other entries that start a gateway, too. */
  others: string[];
}

/**
 * Writes the entry; the file as it was is kept (files/edit_file.ts, `backupPath`). Throws "usage", "unsupported",
 * "invalid_input", and "conflict" when the name is another server's.
 */
export async function connectClient(client: McpClient, options: ConnectOptions): Promise<Connected> {
  const file = scopeFile(client, options);
  const { path, format, blank = "" } = file;
  refuseHiding(client, file);
  const name = checkedName(options.name ?? defaultEntryName());
  const command = withProfile(options.command ?? ownCommand(options), options.profile);
  let others: string[] = [];
  const changed = await editFile(path, (present) => {
    let text = present?.trim() ? present : blank;
    refuseForeign(text, file, name);
    others = gatewayEntries(text, file).filter((one) => one !== entryKey(name, format));
    if (options.replace) {
      for (const other of others) text = changeEntry(text, format, { name: other }, path);
    }
    return sameEntry(text, file, name, command) ? text : changeEntry(text, format, { name, command }, path);
  }, { env: options.env, backup: backupKind(options) });
  return { path, name, changed, others: options.replace ? [] : others };
}

/** Clients make names of tools of it, which have no other characters. */
function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(name)) return name;
  throw new SkiffError("usage", `"${name}" is no name for an entry`, {
    hint: "Use at most 40 letters, digits, _ and -.",
  });
}

const backupKind = ({ global }: { global: boolean }) => global ? "beside" : "apart";

/** A name may be another server's. */
function refuseForeign(text: string, { path, format }: ClientFile, name: string): void {
  const command = readEntries(text, format, path).get(entryKey(name, format));
  if (command ? isGateway(command) : !hasEntry(text, format, name, path)) return;
  throw new SkiffError("conflict", `${entryKey(name, format)} in ${path} is another server`, {
    hint: "Choose another name with --name, or remove that server first.",
  });
}

/** A file that is made must not put an older one out of use. */
function refuseHiding({ displayName }: McpClient, { path, hides }: ClientFile): void {
  const older = hides && `${folderOf(path)}/${hides}`;
  if (!older || existsSync(path) || !existsSync(older)) return;
  throw new SkiffError("conflict", `${displayName} would no longer read ${older} if there were ${path}`, {
    hint: `Move its settings to ${path}, then connect again.`,
  });
}

export interface Disconnected {
  path: string;
  /** Names of the entries that were removed. */
  removed: string[];
}

/**
 * Removes the gateway's entries (MCP_SKIFF, MCP_DOCKER, or the one of `name`). A file that has not changed since it
 * was connected is as before: to the byte, or gone if it was made then.
 */
export async function disconnectClient(
  client: McpClient,
  options: ClientPlace & { global: boolean; name?: string },
): Promise<Disconnected> {
  const file = scopeFile(client, options);
  const { path, format } = file;
  const { env } = options;
  const backup = backupKind(options);
  let removed: string[] = [];
  await editFile(path, async (text) => {
    if (text === undefined) return undefined;
    const known = (options.name ? [options.name] : entryNames).map((name) => entryKey(name, format));
    removed = gatewayEntries(text, file).filter((name) => known.includes(name));
    if (removed.length === 0) return undefined;
    const before = removed.length === 1
      ? textBefore(text, file, removed[0], await readText(await backupPath(path, { env, backup })))
      : undefined;
    return before !== undefined
      ? before
      : removed.reduce((rest, name) => changeEntry(rest, format, { name }, path), text);
  }, { env, backup });
  return { path, removed };
}

/** What a text was before an entry was put in: that of the backup, or null for no file; undefined when unknown. */
function textBefore(text: string, file: ClientFile, name: string, kept?: string): string | null | undefined {
  const { path, format, blank = "" } = file;
  const command = readEntries(text, format, path).get(name);
  const gives = (before: string) => {
    try {
      return !hasEntry(before, format, name, path) &&
        changeEntry(before.trim() ? before : blank, format, { name, command }, path) === text;
    } catch {
      return false; // a backup of something else
    }
  };
  const candidates = kept === undefined ? [] : [kept, kept.replaceAll("\r\n", "\n")];
  return candidates.find(gives) ?? (gives(blank) ? null : undefined);
}

/** Names of the entries that start a gateway. */
export function gatewayEntries(text: string, { path, format }: ClientFile): string[] {
  const entries = readEntries(text, format, path);
  return [...entries].filter(([, command]) => isGateway(command)).map(([name]) => name);
}

/** `docker mcp gateway run …`, `skiff mcp gateway run …`, from wherever they are started. */
export function isGateway({ command, args }: GatewayCommand): boolean {
  return /\bmcp\0gateway\0run\b/.test([command, ...args].join("\0"));
}

/** The profile that an entry asks for. */
export function profileOf({ args }: GatewayCommand): string | undefined {
  const at = args.indexOf("--profile");
  return at >= 0
    ? args[at + 1]
    : args.find((arg) => arg.startsWith("--profile="))?.slice("--profile=".length);
}

function sameEntry(text: string, file: ClientFile, name: string, command: GatewayCommand): boolean {
  const present = readEntries(text, file.format, file.path).get(entryKey(name, file.format));
  if (!present) return false;
  const variables = Object.keys(command.env ?? {}); // a user may have added others
  const essence = ({ command, args, env = {} }: GatewayCommand) =>
    JSON.stringify([command, args, variables.map((variable) => env[variable])]);
  return essence(present) === essence(command);
}

function scopeFile(client: McpClient, options: ClientPlace & { global: boolean }): ClientFile {
  if (options.global) {
    const file = globalFile(client, options);
    if (file) return file;
    throw new SkiffError("unsupported", `${client.displayName} is not made for this system`);
  }
  if (!client.project) {
    throw new SkiffError("usage", `${client.displayName} has no configuration of a project`, {
      hint: "Add --global to change the user's own configuration.",
    });
  }
  return projectFile(client, projectRoot(options.cwd))!;
}

function defaultEntryName(): string {
  return pluginGroup() ? "MCP_DOCKER" : "MCP_SKIFF";
}

/** How a client starts this program's gateway: with its whole path, since clients do not read shell profiles. */
export function gatewayCommand(env: Environment, os: ClientOs): GatewayCommand {
  const words = ["mcp", "gateway", "run"];
  const { program, args } = pluginGroup() ? { program: "docker", args: words } : selfCommand(words);
  if (os !== "windows") return { command: program, args };
  const names = ["LOCALAPPDATA", "ProgramFiles", "ProgramData"]; // clients from the store lack them
  const values = names.flatMap((name) => env.get(name) ? [[name, env.get(name)!]] : []);
  return { command: program, args, env: Object.fromEntries(values) };
}

/** In a file that a project shares, the program goes by its name where that leads to this one. */
function ownCommand({ env, os, global }: ConnectOptions): GatewayCommand {
  const own = gatewayCommand(env, os);
  return global ? own : sharedCommand(own, { env, os });
}

/** A command whose program goes by its name alone, where PATH leads from that to the same file; else as it is. */
export function sharedCommand(own: GatewayCommand, place: Pick<ClientPlace, "env" | "os">): GatewayCommand {
  const name = own.command.split(/[/\\]/).at(-1)!.replace(/\.exe$/, "");
  const found = onPath(name, place);
  const isSame = found !== undefined && existsSync(own.command) &&
    Deno.realPathSync(found) === Deno.realPathSync(own.command);
  return isSame ? { ...own, command: name } : own;
}

function withProfile(command: GatewayCommand, profile: string | undefined): GatewayCommand {
  return profile === undefined ? command : { ...command, args: [...command.args, "--profile", profile] };
}
