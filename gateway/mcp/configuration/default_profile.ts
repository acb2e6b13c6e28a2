/** The profile whose servers are enabled without being asked for. */
import type { CatalogPlace } from "../catalog/catalogs.ts";
import type { ProfileServer } from "../profiles/profile.ts";
import { findProfile } from "../profiles/profile_store.ts";
import { readFeatures } from "./features.ts";

/** Docker's toolkit keeps the enabled servers in this profile, where older ones have registry.yaml. */
export const defaultProfile = "default";

/** Undefined while the feature `profiles` is off. Throws "invalid_input" for a broken file. */
export async function serversOfDefaultProfile(place: CatalogPlace): Promise<ProfileServer[] | undefined> {
  const { profiles } = await readFeatures(place.files);
  return profiles ? (await findProfile(defaultProfile, place))?.servers ?? [] : undefined;
}
