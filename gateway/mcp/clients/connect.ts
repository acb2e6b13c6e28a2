/** Connecting clients to the gateway: one entry in the client's own configuration. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { pluginGroup } from "../../../core/process/called_as.ts";
import { selfCommand } from "../../../core/process/self.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import { editFile } from "../files/edit_file.ts";
import type { ClientOs, GatewayCommand, McpClient } from "./client.ts";
import { changeEntry, entryKey, readEntries } from "./client_entries.ts";
import { type ClientFile, type ClientPlace, globalFile, projectFile, projectRoot } from "./client_files.ts";

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

/** Writes the entry; the file as it was stays in `<file>.skiff-backup`. Throws "usage", "unsupported", "invalid_input". */
export async function connectClient(client: McpClient, options: ConnectOptions): Promise<Connected> {
  const { path, format } = scopeFile(client, options);
  const name = options.name ?? defaultEntryName();
  const command = withProfile(options.command ?? gatewayCommand(options.env, options.os), options.profile);
  let others: string[] = [];
  const changed = await editFile(path, (text = "") => {
    others = gatewayEntries(text, { path, format }).filter((one) => one !== entryKey(name, format));
    if (options.replace) {
      for (const other of others) text = changeEntry(text, format, { name: other }, path);
    }
    return sameEntry(text, { path, format }, name, command)
      ? text
      : changeEntry(text, format, { name, command }, path);
  }, { env: options.env, backup: true });
  return { path, name, changed, others: options.replace ? [] : others };
}

export interface Disconnected {
  path: string;
  /** Names of the entries that were removed. */
  removed: string[];
}

/** Removes the gateway's entries (MCP_SKIFF, MCP_DOCKER, or the one of `name`). */
export async function disconnectClient(
  client: McpClient,
  options: ClientPlace & { global: boolean; name?: string },
): Promise<Disconnected> {
  const { path, format } = scopeFile(client, options);
  let removed: string[] = [];
  await editFile(path, (text) => {
    if (text === undefined) return undefined;
    const known = (options.name ? [options.name] : entryNames).map((name) => entryKey(name, format));
    removed = gatewayEntries(text, { path, format }).filter((name) => known.includes(name));
    return removed.reduce((rest, name) => changeEntry(rest, format, { name }, path), text);
  }, { env: options.env, backup: true });
  return { path, removed };
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
  const essence = ({ command, args, env }: GatewayCommand) => JSON.stringify([command, args, env ?? {}]);
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

function withProfile(command: GatewayCommand, profile: string | undefined): GatewayCommand {
  return profile === undefined ? command : { ...command, args: [...command.args, "--profile", profile] };
}
