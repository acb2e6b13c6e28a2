/** `skiff mcp client ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { projectRoot } from "../../gateway/mcp/clients/client_files.ts";
import { type ClientState, listClients } from "../../gateway/mcp/clients/list_clients.ts";
import { clientPlace, globalFlag } from "./client_connect.ts";
import { jsonFlag } from "./place.ts";

export const clientLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List clients: which are installed, which are connected",
  flags: [globalFlag, jsonFlag],
  async run({ context, flags }) {
    const place = clientPlace(context);
    const root = flags.global ? undefined : projectRoot(place.cwd);
    const states = await listClients(place, root);
    if (flags.json) {
      const items = states.map((state) => [state.client.name, asJson(state, !!flags.global)]);
      return await context.out(`${JSON.stringify(Object.fromEntries(items), null, 2)}\n`);
    }
    const rows = states.filter(({ supported }) => supported || root !== undefined).map((state) => [
      state.client.name,
      state.installed ? "yes" : "no",
      connection(state),
      state.path ?? "",
    ]);
    await context.out(formatTable(["client", "installed", "connected", "file"], rows));
    for (const { client, error } of states) {
      if (error) await context.err(`${client.displayName}: ${error.error}\n`);
    }
  },
};

function connection({ error, entries, profile }: ClientState): string {
  if (error) return "unknown";
  if (entries.length === 0) return "no";
  return `${entries.join(", ")}${profile ? ` (${profile})` : ""}`;
}

/** The fields of `docker mcp client ls --json`, with `file` and `entries` beside them. */
function asJson(state: ClientState, global: boolean): Record<string, unknown> {
  const { client, installed, supported, configured, entries, servers, profile, error, path } = state;
  return {
    displayName: client.displayName,
    source: client.source,
    icon: "",
    configName: client.name,
    dockerMCPCatalogConnected: entries.length > 0,
    profile: profile ?? "",
    error: error ?? null,
    ...(global ? { isInstalled: installed, isOsSupported: supported } : { isConfigured: configured }),
    file: path ?? null,
    entries,
    servers,
  };
}
