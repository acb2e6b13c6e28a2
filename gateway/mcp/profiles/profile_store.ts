/**
 * Where profiles are kept: one YAML file each below `~/.docker/mcp/profiles`. Those in the database of Docker's
 * toolkit are read as well; a change of one makes a file of it, which counts from then on.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { exists } from "../../../core/paths/exists.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { editFile, fileError, readText } from "../files/edit_file.ts";
import { withDifference } from "../files/yaml_difference.ts";
import {
  checkedProfile,
  isCommand,
  parseProfile,
  type Profile,
  profileId,
  profileText,
  serverName,
} from "./profile.ts";

export interface StoredProfile {
  profile: Profile;
  /** "file", or "toolkit" for one that is only in the database of Docker's toolkit. */
  origin: "file" | "toolkit";
}

/** All profiles by id. Broken ones are told in `warnings`. */
export async function listProfiles(
  { files }: CatalogPlace,
  warnings: string[] = [],
): Promise<StoredProfile[]> {
  const found = new Map<string, StoredProfile>();
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SkiffError)) throw error;
      warnings.push(error.message);
    }
  };
  await attempt(async () => {
    if (!await exists(files.database)) return;
    const { readToolkitProfiles } = await import("../toolkit/toolkit_database.ts"); // SQLite takes time to load
    for (const raw of readToolkitProfiles(files.database)) {
      const profile = fromElsewhere(checkedProfile(raw, files.database), warnings);
      found.set(profileId(profile.id), { profile, origin: "toolkit" });
    }
  });
  for (const name of await yamlFiles(files.profiles)) {
    await attempt(async () => {
      const path = `${files.profiles}/${name}`;
      const text = await readText(path);
      if (text === undefined) return;
      const profile = parseProfile(text, path);
      found.set(profileId(profile.id), { profile, origin: "file" });
    });
  }
  return [...found.values()].sort((a, b) => a.profile.id < b.profile.id ? -1 : 1);
}

/** What others may have sent there starts no command of this machine. */
function fromElsewhere(profile: Profile, warnings: string[]): Profile {
  for (const server of profile.servers.filter(isCommand)) {
    warnings.push(
      `The server "${serverName(server)}" of the profile "${profile.id}" is left out: it is a command`,
    );
  }
  return { ...profile, servers: profile.servers.filter((server) => !isCommand(server)) };
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (/\.ya?ml$/.test(name)) names.push(name);
  } catch (error) {
    const none = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    if (!none) throw fileError(folder, "read", error);
  }
  return names.sort();
}

const profileFile = ({ files }: CatalogPlace, id: string) => `${files.profiles}/${profileId(id)}.yaml`;

/** One profile; undefined when there is none. Throws "invalid_input" for a broken file. */
export async function findProfile(id: string, place: CatalogPlace): Promise<Profile | undefined> {
  const path = profileFile(place, id);
  const text = await readText(path);
  if (text !== undefined) return parseProfile(text, path);
  const profiles = await listProfiles(place);
  return profiles.find(({ profile }) => profileId(profile.id) === profileId(id))?.profile;
}

/** One profile. Throws "not_found", and "invalid_input" for a broken file. */
export async function readProfile(id: string, place: CatalogPlace): Promise<Profile> {
  const found = await findProfile(id, place);
  if (found) return found;
  const profiles = await listProfiles(place);
  throw new SkiffError("not_found", `There is no profile "${id}"`, {
    hint: profiles.length > 0
      ? `Profiles: ${profiles.map(({ profile }) => profile.id).join(", ")}.`
      : "`skiff mcp profile create --name NAME` makes one.",
  });
}

/** Adds a profile. Throws "conflict" when there is one of its id, unless `replace`. */
export async function addProfile(
  profile: Profile,
  place: CatalogPlace,
  { replace = false }: { replace?: boolean } = {},
): Promise<void> {
  const known = (await listProfiles(place))
    .some((one) => profileId(one.profile.id) === profileId(profile.id));
  if (known && !replace) {
    throw new SkiffError("conflict", `There is a profile "${profile.id}" already`, {
      hint: "Choose another name.",
    });
  }
  const path = profileFile(place, profile.id);
  await editFile(path, () => profileText(profile, path), { env: place.env });
}

/** Changes a profile; comments in its file and fields that are not known stay. Gives the changed one. */
export async function changeProfile(
  id: string,
  change: (profile: Profile) => Profile,
  place: CatalogPlace,
): Promise<Profile> {
  const path = profileFile(place, id);
  const stored = await readProfile(id, place);
  let changed = stored;
  await editFile(path, (text) => {
    const before = text === undefined ? stored : parseProfile(text, path);
    changed = change(structuredClone(before));
    if (text === undefined) return profileText(changed, path);
    return withDifference(text, before, changed, path);
  }, { env: place.env });
  return changed;
}

/** Removes a profile, and gives what it was. Throws "not_found", "forbidden" for one that only Docker's toolkit has. */
export async function removeProfile(id: string, place: CatalogPlace): Promise<Profile> {
  const profile = await readProfile(id, place);
  try {
    await Deno.remove(profileFile(place, id));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SkiffError("forbidden", `The profile "${id}" is in the database of Docker's toolkit`, {
      hint: `Remove it there with \`docker mcp profile rm ${id}\`.`,
    });
  }
  return profile;
}
