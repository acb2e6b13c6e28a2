/** Switching tools of servers on and off. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { loadCatalogs } from "../catalog/load_catalogs.ts";
import { serverName } from "../profiles/profile.ts";
import { unknownServer } from "./configuration.ts";
import { serversOfDefaultProfile } from "./default_profile.ts";
import { leavePast } from "./moved_servers.ts";
import { readRegistry } from "./registry_file.ts";
import { changeTools } from "./tools_file.ts";

export interface SwitchedTool {
  tool: string;
  server: string;
}

/**
 * Switches tools, written `tool` or `server:tool`, of one server or of whichever enabled server has them.
 * Throws "not_found" for a tool that no server has, "usage" when several have it.
 */
export async function switchTools(
  names: string[],
  { on, server }: { on: boolean; server?: string },
  place: CatalogPlace,
): Promise<SwitchedTool[]> {
  const { files, env } = place;
  const catalogs = await loadCatalogs(place);
  if (server !== undefined && !catalogs.servers.has(server)) throw unknownServer(server, catalogs);
  await leavePast(place);
  const registry = await readRegistry(files.registry);
  const ofProfile = new Map(
    (await serversOfDefaultProfile(place))?.map((one) => [serverName(one), one.tools]),
  );
  const enabled = [...new Set([...registry, ...ofProfile.keys()])]
    .flatMap((name) => catalogs.servers.get(name) ?? []);
  const switched = names.map((name) => findTool(name, { server, enabled, servers: catalogs.servers }));
  const byServer = Map.groupBy(switched, ({ server }) => server);
  for (const [name, tools] of byServer) {
    const entry = catalogs.servers.get(name)!;
    const all = toolNames(entry);
    const list = tools.map(({ tool }) => tool);
    const ofOwn = registry.includes(name) ? undefined : ofProfile.get(name);
    const listed = ofOwn ?? entry.allowedTools;
    await changeTools(files.tools, { server: name, all, listed, [on ? "enable" : "disable"]: list }, env);
  }
  return switched;
}

const toolNames = (entry: ServerEntry) => (entry.tools ?? []).map(({ name }) => name);

function findTool(
  word: string,
  { server, enabled, servers }: {
    server?: string;
    enabled: ServerEntry[];
    servers: Map<string, ServerEntry>;
  },
): SwitchedTool {
  const colon = word.indexOf(":");
  const owner = server ?? (colon > 0 ? word.slice(0, colon) : undefined);
  const tool = colon > 0 && word.slice(0, colon) === owner ? word.slice(colon + 1) : word;
  const candidates = owner === undefined ? enabled : [servers.get(owner)].filter((entry) => !!entry);
  const found = candidates.filter((entry) => toolNames(entry).includes(tool));
  if (found.length === 1) return { tool, server: found[0].name };
  if (found.length > 1) {
    throw new SkiffError("usage", `Several servers have a tool "${tool}"`, {
      hint: `Add --server: ${found.map(({ name }) => name).join(", ")}.`,
    });
  }
  // Catalogs need not list tools: with the server named, its word is taken.
  if (owner !== undefined && candidates.length === 1 && toolNames(candidates[0]).length === 0) {
    return { tool, server: owner };
  }
  throw new SkiffError("not_found", `tool ${tool} not found${owner ? ` in server ${owner}` : ""}`, {
    hint: owner ? `\`skiff mcp server inspect ${owner}\` shows its tools.` : "Name its server with --server.",
  });
}
