/** Which clients are on this machine, and which of them use the gateway. */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import { readText } from "../files/edit_file.ts";
import type { McpClient } from "./client.ts";
import { readEntries } from "./client_entries.ts";
import { type ClientFile, type ClientPlace, globalFile, isInstalled, projectFile } from "./client_files.ts";
import { mcpClients } from "./client_table.ts";
import { isGateway, profileOf } from "./connect.ts";

export interface ClientState {
  client: McpClient;
  installed: boolean;
  /** The client runs on this system. */
  supported: boolean;
  path?: string;
  /** Its file is there. */
  configured: boolean;
  /** Entries that start a gateway. */
  entries: string[];
  /** Names of all servers in the file that are commands. */
  servers: string[];
  profile?: string;
  error?: { type: "permission" | "unknown"; error: string };
}

/** All clients, by the user's files; with a folder those that have a configuration of a project, by the project's. */
export async function listClients(place: ClientPlace, root?: string): Promise<ClientState[]> {
  const clients = root === undefined ? mcpClients : mcpClients.filter(({ project }) => project);
  return await Promise.all(clients.map(async (client) => {
    const file = root === undefined ? globalFile(client, place) : projectFile(client, root);
    const state: ClientState = {
      client,
      installed: isInstalled(client, place),
      supported: client.global[place.os].length > 0,
      path: file?.path,
      configured: false,
      entries: [],
      servers: [],
    };
    return file ? await withFile(state, file) : state;
  }));
}

async function withFile(state: ClientState, { path, format }: ClientFile): Promise<ClientState> {
  try {
    const text = await readText(path);
    if (text === undefined) return state;
    const commands = readEntries(text, format, path);
    const gateways = [...commands].filter(([, command]) => isGateway(command));
    return {
      ...state,
      configured: true,
      servers: [...commands.keys()],
      entries: gateways.map(([name]) => name),
      profile: gateways.map(([, command]) => profileOf(command)).find((profile) => profile !== undefined),
    };
  } catch (cause) {
    const { code, message } = toSkiffError(cause);
    return {
      ...state,
      configured: true,
      error: { type: code === "forbidden" ? "permission" : "unknown", error: message },
    };
  }
}
