/** Clients of a profile that is no more: their gateway would not start any longer. */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile } from "../files/edit_file.ts";
import type { McpClient } from "./client.ts";
import { changeEntry, readEntries } from "./client_entries.ts";
import { type ClientFile, type ClientPlace, globalFile } from "./client_files.ts";
import { isGateway, profileOf } from "./connect.ts";
import { listClients } from "./list_clients.ts";

export interface LeftProfile {
  client: McpClient;
  path: string;
  /** Entries that were removed. */
  removed: string[];
  /** Why the file could not be changed. */
  problem?: string;
}

/** Takes the entries of a profile out of the user's own files of all clients; other entries stay. */
export async function disconnectProfile(id: string, place: ClientPlace): Promise<LeftProfile[]> {
  const left: LeftProfile[] = [];
  for (const { client, entries } of await listClients(place)) {
    const file = globalFile(client, place);
    if (!file || entries.length === 0) continue;
    const one: LeftProfile = { client, path: file.path, removed: [] };
    try {
      one.removed = await removeEntries(file, id, place);
    } catch (error) {
      one.problem = toSkiffError(error).message;
    }
    if (one.removed.length > 0 || one.problem) left.push(one);
  }
  return left;
}

async function removeEntries(
  { path, format }: ClientFile,
  id: string,
  { env }: ClientPlace,
): Promise<string[]> {
  let names: string[] = [];
  await editFile(path, (text = "") => {
    names = [...readEntries(text, format, path)]
      .filter(([, command]) => isGateway(command) && profileOf(command) === id).map(([name]) => name);
    return names.reduce((rest, name) => changeEntry(rest, format, { name }, path), text);
  }, { env, backup: "beside" });
  return names;
}
