/** Profiles that say of a server only where it is: a file that a person wrote, or one of an early toolkit. */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import { fetchText } from "../catalog/catalog_source.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { fromServerJson } from "../catalog/community_registry.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { ofImage } from "./image_server.ts";
import type { Profile, ProfileServer } from "./profile.ts";
import { serverName } from "./profile.ts";

/** The profile with an entry for each server whose image or registry describes it; what does not is told in `notes`. */
export async function withSnapshots(
  profile: Profile,
  place: CatalogPlace,
  notes: string[],
): Promise<Profile> {
  const servers: ProfileServer[] = [];
  for (const server of profile.servers) {
    if (server.snapshot) {
      servers.push(server);
      continue;
    }
    try {
      const entry = await describedBy(server, place);
      servers.push(entry ? { ...server, snapshot: { server: entry } } : server);
    } catch (error) {
      notes.push(`The server "${serverName(server)}" is taken as it is: ${toSkiffError(error).message}`);
      servers.push(server);
    }
  }
  return { ...profile, servers };
}

async function describedBy(
  { image, source }: ProfileServer,
  place: CatalogPlace,
): Promise<ServerEntry | undefined> {
  if (image) return await ofImage(image, place);
  if (source) return fromServerJson(await fetchText(source, place.env), source);
  return undefined;
}
