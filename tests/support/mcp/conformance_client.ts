/**
 * What the conformance suite runs as a client: a gateway with the server of the given address, and a client of
 * that gateway which lists the tools and calls each. Logins go the way of a person's: the gateway gives its client
 * a link, which is opened in a browser.
 */
import process from "node:process";
import { browse } from "./browser.ts";
import { oauthHome } from "./oauth_home.ts";
import { z } from "zod";

const name = "conformance";
const url = Deno.args[0];
const context = JSON.parse(Deno.env.get("MCP_CONFORMANCE_CONTEXT") ?? "{}");
const scenario = Deno.env.get("MCP_CONFORMANCE_SCENARIO") ?? "";

/** What a user would have been given by the operator of the authorization server. */
function givenClient(): Record<string, unknown> | undefined {
  const { client_id, client_secret, private_key_pem, signing_algorithm, idp_id_token } = context;
  if (client_id === undefined) return undefined;
  if (scenario.includes("client-credentials")) {
    return {
      client_id,
      client_secret,
      private_key: private_key_pem,
      private_key_algorithm: signing_algorithm,
      grant_type: "client_credentials",
    };
  }
  if (idp_id_token === undefined) return { client_id, client_secret };
  return {
    client_id,
    client_secret,
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    identity_provider: {
      token_endpoint: context.idp_token_endpoint,
      client_id: context.idp_client_id,
      id_token: idp_id_token,
    },
  };
}

const client = givenClient();
await using home = await oauthHome([{ name, type: "remote", remote: { url } }], {
  variables: { SKIFF_OAUTH_CLIENT_METADATA_URL: "https://conformance-test.local/client-metadata.json" },
  features: { "dynamic-tools": "disabled" },
  secrets: client ? { [`oauth-client/${name}`]: JSON.stringify(client) } : {},
});
await using gateway = await home.gateway();
const connected = await gateway.connect({
  capabilities: { elicitation: { url: {}, form: { applyDefaults: true } } },
  prepare(client) {
    const schema = z.object({ method: z.literal("elicitation/create"), params: z.any() });
    client.setRequestHandler(schema as never, async ({ params }: any) => {
      if (params.mode === "url") browse(params.url).catch(() => {});
      return await Promise.resolve({ action: "accept", ...(params.mode === "url" ? {} : { content: {} }) });
    });
  },
});

let failed = false;
async function call(tool: string, args: Record<string, unknown>): Promise<void> {
  const result = await connected.callTool({ name: tool, arguments: args }).catch((error) => ({
    isError: true,
    content: [{ type: "text", text: error.message }],
  }));
  if (!result.isError) return;
  failed = true;
  console.error(`${tool}: ${JSON.stringify(result.content)}`);
}

let { tools } = await connected.listTools();
if (tools.some((tool) => tool.name === "mcp-authorize")) {
  await call("mcp-authorize", { name });
  ({ tools } = await connected.listTools());
}
for (const tool of tools) {
  await call(tool.name, tool.name === "add_numbers" ? { a: 5, b: 3 } : {});
}
await connected.close();
for (const line of gateway.lines) console.error(line);
process.exitCode = failed ? 1 : 0;
