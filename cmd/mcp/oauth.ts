/** `skiff mcp oauth`. */
import type { Command } from "../../core/cli/command.ts";

export const oauthCommand: Command = {
  name: "oauth",
  summary: "Log in to servers, list the logins, end them",
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the apps and whether they are authorized",
      load: async () => (await import("./oauth_ls.ts")).oauthLsCommand,
    },
    {
      name: "authorize",
      summary: "Log in to a server or a provider",
      load: async () => (await import("./oauth_authorize.ts")).oauthAuthorizeCommand,
    },
    {
      name: "revoke",
      summary: "End a login",
      load: async () => (await import("./oauth_revoke.ts")).oauthRevokeCommand,
    },
  ],
};
