/** Making profiles, of named servers or after a template. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { withServers } from "./edit_profile.ts";
import { type Profile, profileId } from "./profile.ts";
import { addProfile } from "./profile_store.ts";
import { findTemplate } from "./profile_templates.ts";
import { serversOf } from "./server_uri.ts";

export interface NewProfile {
  /** Default: the template's title. */
  name?: string;
  /** Default: made of the name. */
  id?: string;
  /** See `serversOf`. */
  servers?: string[];
  template?: string;
}

/** Makes and keeps a profile. Throws "usage", "not_found", "conflict"; nothing is kept then. */
export async function createProfile(
  { name, id, servers = [], template }: NewProfile,
  place: CatalogPlace,
): Promise<Profile> {
  if (template !== undefined && servers.length > 0) {
    throw new SkiffError("usage", "Servers and a template cannot be combined", {
      hint: "Make the profile after the template, then add servers to it.",
    });
  }
  const chosen = template === undefined ? undefined : findTemplate(template);
  const called = name ?? chosen?.title;
  if (called === undefined) {
    throw new SkiffError("usage", "The profile has no name", { hint: "Add --name NAME." });
  }
  const entries = [];
  for (const uri of chosen?.servers ?? servers) entries.push(...await serversOf(uri, place));
  const empty: Profile = { version: 1, id: profileId(id ?? called), name: called, servers: [] };
  const profile = withServers(empty, entries);
  await addProfile(profile, place);
  return profile;
}
