/** What can be done to a profile: servers, values and tools. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { type Profile, type ProfileServer, profileServer, serverName } from "./profile.ts";

/** The profile with the servers; one that is there is replaced and keeps its values and tools. */
export function withServers(profile: Profile, entries: ServerEntry[]): Profile {
  const servers = [...profile.servers];
  for (const entry of entries) {
    const at = servers.findIndex((server) => serverName(server) === entry.name);
    if (at < 0) servers.push(profileServer(entry));
    else {
      const { config, tools } = servers[at];
      servers[at] = { ...servers[at], ...profileServer(entry, config), ...(tools ? { tools } : {}) };
    }
  }
  const secrets = profile.secrets ?? { default: { provider: "docker-desktop-store" } };
  return { ...profile, secrets, servers };
}

/** Throws "not_found" for a server that is not in it. */
export function withoutServers(profile: Profile, names: string[]): Profile {
  for (const name of names) findServer(profile, name);
  return { ...profile, servers: profile.servers.filter((server) => !names.includes(serverName(server))) };
}

export function findServer(profile: Profile, name: string): ProfileServer {
  const server = profile.servers.find((one) => serverName(one) === name);
  if (server) return server;
  throw new SkiffError("not_found", `The profile "${profile.id}" has no server "${name}"`, {
    hint: `It has: ${profile.servers.map(serverName).join(", ") || "none"}.`,
  });
}

/** "server.key.key" as a server of the profile (names may have dots) and a path. Throws "usage", "not_found". */
export function splitKey(profile: Profile, word: string): { server: ProfileServer; path: string[] } {
  const names = profile.servers.map(serverName).filter((name) => word.startsWith(`${name}.`));
  const name = names.sort((a, b) => b.length - a.length)[0];
  const path = name === undefined ? [] : word.slice(name.length + 1).split(".");
  if (name !== undefined && !path.includes("")) return { server: findServer(profile, name), path };
  if (name !== undefined || !word.includes(".")) throw new SkiffError("usage", `"${word}" is no SERVER.KEY`);
  return { server: findServer(profile, word.split(".")[0]), path: [] };
}

/** Sets (undefined: removes) a value; `profile` is changed. */
export function setValue(profile: Profile, word: string, value: unknown): void {
  const { server, path } = splitKey(profile, word);
  let at = server.config ??= {};
  for (const step of path.slice(0, -1)) {
    if (["__proto__", "constructor", "prototype"].includes(step)) {
      throw new SkiffError("usage", `No key ${step}`);
    }
    const next = at[step];
    at = (next && typeof next === "object" ? next : (at[step] = {})) as Record<string, unknown>;
  }
  if (value === undefined) delete at[path.at(-1)!];
  else at[path.at(-1)!] = value;
  if (value === undefined) removeEmpty(server.config, path.slice(0, -1));
}

/** As Docker's toolkit, a mapping goes with its last value. */
function removeEmpty(values: Record<string, unknown>, path: string[]): void {
  const [step, ...rest] = path;
  const inner = step === undefined ? undefined : values[step];
  if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return;
  removeEmpty(inner as Record<string, unknown>, rest);
  if (Object.keys(inner).length === 0) delete values[step];
}

/** All values of a profile by "server.key.key". */
export function flatValues(profile: Profile): [key: string, value: unknown][] {
  return profile.servers.flatMap((server) => flattened(serverName(server), server.config ?? {}));
}

function flattened(start: string, values: Record<string, unknown>): [string, unknown][] {
  return Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const isMapping = value !== null && typeof value === "object" && !Array.isArray(value);
    const path = `${start}.${key}`;
    return isMapping ? flattened(path, value as Record<string, unknown>) : [[path, value]];
  });
}

export function getValue(profile: Profile, word: string): unknown {
  const { server, path } = splitKey(profile, word);
  return path.reduce<unknown>(
    (at, step) => at && typeof at === "object" ? (at as Record<string, unknown>)[step] : undefined,
    server.config,
  );
}

/** Switches one tool ("server.tool") or all tools of a server; `profile` is changed. */
export function switchTool(profile: Profile, word: string, on: boolean): void {
  const { server, path } = splitKey(profile, word);
  const tool = path.join(".");
  const all = (server.snapshot?.server.tools ?? []).map(({ name }) => name);
  const list = new Set(server.tools ?? all);
  if (!on && server.tools == null && all.length === 0) {
    throw new SkiffError("unsupported", `Nothing says which tools ${serverName(server)} has`, {
      hint: `Name those that stay: --disable-all ${serverName(server)} --enable ${serverName(server)}.TOOL`,
    });
  }
  if (on && server.tools == null) return;
  if (on) list.add(tool);
  else list.delete(tool);
  server.tools = [...list];
}

export function switchAllTools(profile: Profile, name: string, on: boolean): void {
  const server = findServer(profile, name);
  if (on) delete server.tools;
  else server.tools = [];
}
