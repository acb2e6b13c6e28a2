/** `skiff mcp profile config`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { flatValues, getValue, setValue } from "../../gateway/mcp/profiles/edit_profile.ts";
import type { Profile } from "../../gateway/mcp/profiles/profile.ts";
import { changeProfile, readProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { placeOf, printed } from "./place.ts";
import { profileArgument } from "./profile.ts";

export const profileConfigCommand: Command = {
  name: "config",
  summary: "Show and change the values of a profile's servers",
  description: "Changes values, then shows those that were set or asked for; without either all of them.",
  args: [profileArgument],
  flags: [
    { name: "set", value: "SERVER.KEY=VALUE", summary: "Set a value, which may be JSON", repeatable: true },
    { name: "get", value: "SERVER.KEY", summary: "Show a value", repeatable: true },
    { name: "del", value: "SERVER.KEY", summary: "Remove a value", repeatable: true },
    { name: "get-all", summary: "Show all values" },
    formatFlag("human", "json", "yaml"),
  ],
  async run({ context, args, flags }) {
    const id = args.ID as string;
    const place = placeOf(context);
    const [sets, gets, dels] = ["set", "get", "del"].map((name) => (flags[name] ?? []) as string[]);
    if (flags["get-all"] && gets.length > 0) {
      throw new SkiffError("usage", "--get and --get-all cannot be combined", { hint: "Give one of them." });
    }
    const assignments = sets.map(assignment);
    const both = assignments.find(([key]) => dels.includes(key));
    if (both) throw new SkiffError("usage", `${both[0]} cannot be both set and removed`);
    const change = (profile: Profile) => {
      for (const [key, value] of assignments) setValue(profile, key, value);
      for (const word of dels) setValue(profile, word, undefined);
      return profile;
    };
    const changes = sets.length + dels.length > 0;
    const profile = changes ? await changeProfile(id, change, place) : await readProfile(id, place);
    const all = flags["get-all"] || !changes ? flatValues(profile) : [];
    const asked = gets.length === 0 ? all : gets.map((word) => [word, getValue(profile, word)] as const);
    const values = [...new Map([...asked, ...assignments])].filter(([, value]) => value !== undefined);
    if (flags.format !== "human") {
      return await context.out(printed(Object.fromEntries(values), flags.format as "json" | "yaml"));
    }
    for (const [key, value] of values) {
      await context.out(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}\n`);
    }
  },
};

function assignment(word: string): [key: string, value: unknown] {
  const equals = word.indexOf("=");
  if (equals < 0) throw new SkiffError("usage", `"${word}" is no SERVER.KEY=VALUE`);
  return [word.slice(0, equals), valueOf(word.slice(equals + 1))];
}

/** JSON when it is some, else the text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
