/** `skiff mcp oauth revoke`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { appOf } from "../../gateway/mcp/oauth/find_app.ts";
import type { OAuthApp } from "../../gateway/mcp/oauth/oauth_app.ts";
import { oauthParts } from "../../gateway/mcp/oauth/oauth_parts.ts";
import { revokeLogin } from "../../gateway/mcp/oauth/revocation.ts";
import { placeOf } from "./place.ts";

export const oauthRevokeCommand: Command = {
  name: "revoke",
  summary: "End a login",
  description:
    "Tells the authorization server to end the login, where it can be told, and removes the login and the client\n" +
    "that was registered for it in any case. A gateway that runs drops its connection.",
  args: [{
    name: "APP",
    required: true,
    summary: "As `oauth ls` lists it, or a server's name",
    complete: async (context) => {
      const { vault } = await oauthParts(placeOf(context));
      return await vault.logins();
    },
  }],
  async run({ context, args }) {
    const name = args.APP as string;
    const place = placeOf(context);
    const configuration = await loadConfiguration(place);
    const parts = await oauthParts({ ...place, sources: () => configuration.secrets });
    // The server may be in no catalog any longer; its login is there.
    const isKept = (await parts.vault.logins()).includes(name);
    const alone: OAuthApp = { name, title: name };
    const app = await appOf(name, configuration).catch((error) => {
      if (!isKept) throw error;
      return alone;
    });
    const isElsewhere = isKept && await parts.vault.loginOf(app) === undefined;
    const { removed, server } = await revokeLogin(isElsewhere ? alone : app, parts);
    if (!removed) throw new SkiffError("not_found", `There is no login for ${name}`);
    if (server instanceof Error) await context.err(`${server.message}; it is forgotten here all the same\n`);
    if (server === "unknown") {
      await context.err(`${name} cannot be told: the token is good until it ends by itself\n`);
    }
    await context.out(`Ended the login for ${name}\n`);
  },
};
