/** `skiff mcp oauth authorize`: the person logs in with a browser, which brings the answer back on loopback. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { beginAuthorization } from "../../gateway/mcp/oauth/authorization.ts";
import { givenClient } from "../../gateway/mcp/oauth/given_client.ts";
import { findApp } from "../../gateway/mcp/oauth/find_app.ts";
import type { Login } from "../../gateway/mcp/oauth/login.ts";
import type { OAuthApp } from "../../gateway/mcp/oauth/oauth_app.ts";
import { type OAuthParts, oauthParts } from "../../gateway/mcp/oauth/oauth_parts.ts";
import { openBrowser } from "../../gateway/mcp/oauth/open_browser.ts";
import { obtainLogin } from "../../gateway/mcp/oauth/unattended_grants.ts";
import { isUnattended } from "../../gateway/mcp/oauth/oauth_client.ts";
import { placeOf } from "./place.ts";

export const oauthAuthorizeCommand: Command = {
  name: "authorize",
  summary: "Log in to a server or a provider",
  description:
    "Prints the address at which you log in, and waits until you have. A gateway that runs uses the login at once.",
  args: [{
    name: "APP",
    required: true,
    summary: "A remote server of the catalogs, or a provider as `oauth ls` lists it",
    complete: async (context) =>
      (await loadConfiguration(placeOf(context))).servers.filter(({ entry }) => entry.oauth || entry.remote)
        .map(({ entry }) => entry.name),
  }],
  flags: [
    { name: "scopes", value: "SCOPES", summary: "Exactly these scopes, with spaces between" },
    { name: "open-browser", summary: "Open the address in the browser (not when the output goes to a pipe)" },
  ],
  examples: ["skiff mcp oauth authorize linear", `skiff mcp oauth authorize notion-remote --open-browser`],
  async run({ context, args, flags }) {
    const place = placeOf(context);
    const configuration = await loadConfiguration(place);
    const parts = await oauthParts({ ...place, sources: () => configuration.secrets });
    const app = await findApp(args.APP as string, configuration, parts);
    const client = await givenClient(app, parts);
    if (isUnattended(client)) {
      await obtainLogin(app, client, {}, parts);
      return await context.out(`${app.title} takes the client that you have given; nobody has to log in\n`);
    }
    const scopes = (flags.scopes as string | undefined)?.split(/[\s,]+/).filter((scope) => scope !== "");
    const login = await logIn(app, parts, { context, scopes, wantsBrowser: flags["open-browser"] === true });
    await context.out(`Logged in to ${app.title}${login.scope ? ` (${login.scope})` : ""}\n`);
  },
};

async function logIn(
  app: OAuthApp,
  parts: OAuthParts,
  { context, scopes, wantsBrowser }: { context: Context; scopes?: string[]; wantsBrowser: boolean },
): Promise<Login> {
  const { signal } = context;
  try {
    const pending = await beginAuthorization(app, parts, { scopes, signal });
    await context.out(`Log in to ${app.title} at:\n\n  ${pending.url}\n\n`);
    await context.err(`Waiting for the answer at ${pending.redirectUri} (Ctrl+C ends it)\n`);
    if (wantsBrowser && context.stdoutIsTerminal) {
      openBrowser(pending.url).then((opened) => {
        if (!opened) context.err("No browser could be opened: open the address yourself\n");
      });
    }
    return await pending.done;
  } catch (error) {
    if (signal.aborted) throw new SkiffError("interrupted", "The login was interrupted", { cause: error });
    throw error;
  }
}
