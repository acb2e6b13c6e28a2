/** `skiff mcp profile rm`, `export`, `import`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { editFile, readText } from "../../gateway/mcp/files/edit_file.ts";
import { parseProfile, profileText } from "../../gateway/mcp/profiles/profile.ts";
import { addProfile, readProfile, removeProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { placeOf } from "./place.ts";
import { profileArgument } from "./profile.ts";

const fileArgument = { name: "FILE", required: true, summary: "YAML, or JSON when it ends with .json" };

export const profileRmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Remove a profile",
  args: [profileArgument],
  async run({ context, args }) {
    await removeProfile(args.ID as string, placeOf(context));
    await context.out(`Removed profile ${args.ID}\n`);
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
    const profile = parseProfile(text, file);
    await addProfile(profile, placeOf(context), { replace: true });
    await context.out(`Imported profile ${profile.id}\n`);
  },
};
