/** `skiff mcp profile rm`, `export`, `import`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { editFile, readText } from "../../gateway/mcp/files/edit_file.ts";
import { parseProfile, profileText } from "../../gateway/mcp/profiles/profile.ts";
import { addProfile, readProfile, removeProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { withSnapshots } from "../../gateway/mcp/profiles/snapshots.ts";
import { disconnectProfile } from "../../gateway/mcp/clients/disconnect_profile.ts";
import { clientPlace } from "./client_connect.ts";
import { placeOf } from "./place.ts";
import { profileArgument } from "./profile.ts";

const fileArgument = { name: "FILE", required: true, summary: "YAML, or JSON when it ends with .json" };

export const profileRmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Remove a profile",
  description: "Removes a profile, and disconnects the clients that have it in the user's own configuration.",
  args: [profileArgument],
  async run({ context, args }) {
    const { id } = await removeProfile(args.ID as string, placeOf(context));
    await context.out(`Removed profile ${id}\n`);
    for (const { client, path, removed, problem } of await disconnectProfile(id, clientPlace(context))) {
      if (problem) await context.err(`${client.displayName} still has it: ${problem}\n`);
      else await context.out(`Disconnected ${client.displayName}: ${removed.join(", ")} is out of ${path}\n`);
    }
  },
};

export const profileExportCommand: Command = {
  name: "export",
  summary: "Write a profile to a file",
  args: [profileArgument, fileArgument],
  async run({ context, args }) {
    const profile = await readProfile(args.ID as string, placeOf(context));
    const file = args.FILE as string;
    await editFile(file, () => profileText(profile, file), { env: context.env });
    await context.out(`Exported profile ${profile.id} to ${file}\n`);
  },
};

export const profileImportCommand: Command = {
  name: "import",
  summary: "Take a profile from a file",
  description: "Takes a profile from a file; one of the same id is replaced.",
  args: [fileArgument],
  async run({ context, args }) {
    const file = args.FILE as string;
    const text = await readText(file);
    if (text === undefined) throw new SkiffError("not_found", `There is no file ${file}`);
    const notes: string[] = [];
    const profile = await withSnapshots(parseProfile(text, file), placeOf(context), notes);
    for (const note of notes) await context.err(`${note}\n`);
    await addProfile(profile, placeOf(context), { replace: true });
    await context.out(`Imported profile ${profile.id}\n`);
  },
};
