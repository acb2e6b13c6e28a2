/** `skiff mcp profile tools`. */
import type { Command } from "../../core/cli/command.ts";
import { switchAllTools, switchTool } from "../../gateway/mcp/profiles/edit_profile.ts";
import { serverName } from "../../gateway/mcp/profiles/profile.ts";
import { changeProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { placeOf } from "./place.ts";
import { profileArgument } from "./profile.ts";

export const profileToolsCommand: Command = {
  name: "tools",
  summary: "Switch the tools of a profile on and off",
  description: "Switches tools; what concerns all tools of a server is done first. Then shows what is on.",
  args: [profileArgument],
  flags: [
    { name: "enable", value: "SERVER.TOOL", summary: "Switch a tool on", repeatable: true },
    { name: "disable", value: "SERVER.TOOL", summary: "Switch a tool off", repeatable: true },
    { name: "enable-all", value: "SERVER", summary: "Switch all tools of a server on", repeatable: true },
    { name: "disable-all", value: "SERVER", summary: "Switch all tools of a server off", repeatable: true },
  ],
  async run({ context, args, flags }) {
    const words = (name: string) => (flags[name] ?? []) as string[];
    const profile = await changeProfile(args.ID as string, (profile) => {
      for (const server of words("enable-all")) switchAllTools(profile, server, true);
      for (const server of words("disable-all")) switchAllTools(profile, server, false);
      for (const tool of words("enable")) switchTool(profile, tool, true);
      for (const tool of words("disable")) switchTool(profile, tool, false);
      return profile;
    }, placeOf(context));
    for (const server of profile.servers) {
      const tools = server.tools ? server.tools.join(", ") || "none" : "all";
      await context.out(`${serverName(server)}: ${tools}\n`);
    }
  },
};
