/**
 * Newer versions of Docker's toolkit move the enabled servers, once, out of registry.yaml, config.yaml and tools.yaml into
 * the profile "default" of their database, and leave the files as they were. What the files say of those servers is of
 * the past from then on: the user changes the profile. (docker/mcp-gateway, pkg/migrate)
 */
import { exists } from "../../../core/paths/exists.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { canonicalName } from "../catalog/template.ts";
import { editFile } from "../files/edit_file.ts";
import { deleteYaml, parseYamlMap, setYaml } from "../files/yaml_text.ts";
import { type ProfileServer, serverName } from "../profiles/profile.ts";
import { serversOfDefaultProfile } from "./default_profile.ts";
import { changeRegistry } from "./registry_file.ts";
import type { ToolkitFiles } from "./toolkit_files.ts";

export interface MovedServers {
  names: string[];
  /** Whether a file says of them what counted before the move. */
  isPast(path: string): Promise<boolean>;
}

/** Undefined when the toolkit has moved none, or the registry was written since: it tells what is wanted then. */
export async function movedServers({ database, registry }: ToolkitFiles): Promise<MovedServers | undefined> {
  if (!await exists(database)) return undefined;
  const { readToolkitMove } = await import("../toolkit/toolkit_database.ts"); // SQLite takes time to load
  const move = readToolkitMove(database);
  if (!move || move.servers.length === 0) return undefined;
  const isPast = async (path: string) => {
    const written = await Deno.stat(path).then(({ mtime }) => mtime?.getTime(), () => undefined);
    return written !== undefined && written < move.until.getTime();
  };
  return await isPast(registry) ? { names: move.servers, isPast } : undefined;
}

/** What `read` gives of a file, without what is past. */
export function presentOf<T>(
  moved: MovedServers | undefined,
  read: (path: string) => Promise<Map<string, T>>,
): (path: string) => Promise<Map<string, T>> {
  return async (path) => {
    const found = await read(path);
    if (moved && await moved.isPast(path)) {
      for (const name of moved.names.flatMap((name) => [name, canonicalName(name)])) found.delete(name);
    }
    return found;
  };
}

/**
 * Before one of the three files is changed: makes them say what counts. The moved servers leave the registry, and where
 * the profile has them, its values and tools take the place of those of the past.
 */
export async function leavePast(place: CatalogPlace): Promise<void> {
  const { files, env } = place;
  const moved = await movedServers(files).catch(() => undefined); // a broken database tells nothing
  const ofProfile = moved && await serversOfDefaultProfile(place);
  if (!ofProfile) return;
  const servers = ofProfile.filter((server) => moved.names.includes(serverName(server)));
  const settle = async (path: string, now: (server: ProfileServer) => unknown) => {
    if (!await moved.isPast(path)) return;
    await editFile(path, (text = "") => {
      for (const key of Object.keys(parseYamlMap(text, path))) {
        const server = servers.find((one) => [serverName(one), canonicalName(serverName(one))].includes(key));
        if (!server) continue;
        const value = now(server);
        text = value === undefined ? deleteYaml(text, [key], path) : setYaml(text, [key], value, path);
      }
      return text;
    }, { env });
  };
  await settle(files.config, ({ config }) => config && Object.keys(config).length > 0 ? config : undefined);
  await settle(files.tools, ({ tools }) => tools ?? undefined);
  await changeRegistry(files.registry, { disable: moved.names }, env);
}
