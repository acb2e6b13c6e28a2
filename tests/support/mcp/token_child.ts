/** A process that wants the token of an app: prints it, or the error. Home and address of the server by argument. */
import { TokenKeeper } from "../../../gateway/mcp/oauth/token_keeper.ts";
import { oauthParts } from "../../../gateway/mcp/oauth/oauth_parts.ts";
import { toolkitFiles } from "../../../gateway/mcp/configuration/toolkit_files.ts";

const [variables, url] = Deno.args;
const all: Record<string, string> = JSON.parse(variables);
const env = { get: (name: string) => all[name] };
const keeper = new TokenKeeper(await oauthParts({ files: toolkitFiles(env), env }), console.error);
const login = await keeper.login({ name: "notes", title: "notes", url });
console.log(login?.access_token);
