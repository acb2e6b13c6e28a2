/** mcp-add and mcp-remove: servers of this session only. */
import { programName } from "../../../core/process/called_as.ts";
import { serverNeeds } from "../configuration/server_state.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { OwnTool } from "../gateway/gateway_session.ts";
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { remoteUrl } from "../oauth/oauth_app.ts";
import { activeServer, type DynamicSession, findServer } from "./dynamic_session.ts";
import { configProblems } from "./config_problems.ts";
import { errorAnswer, fencedJson, requiredText, textAnswer } from "./tool_answer.ts";

export function mcpAdd(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-add",
      description:
        "Add an MCP server of the catalog to this session. Its secrets and configuration must be there before. " +
        "Find servers with mcp-find.",
      inputSchema: {
        type: "object",
        properties: {
          name: { type: "string", description: "Name of the server, as in the catalog" },
          activate: {
            type: "boolean",
            description:
              "Show its tools in the list of tools (default true); else mcp-exec and code-mode call them",
          },
        },
        required: ["name"],
      },
      annotations: { title: "Add MCP server" },
    },
    async call(args, { signal }) {
      const name = requiredText(args, "name");
      if (dynamic.adds.has(name)) return await waited(dynamic, name, signal);
      const server = await findServer(dynamic, name);
      if (!server) {
        return errorAnswer(
          `Server '${name}' not found in catalog. Use mcp-find to search for available servers.`,
        );
      }
      const missing = await whatIsMissing(dynamic, server);
      if (missing) return missing;
      const listed = args.activate !== false && args.activate !== "false";
      dynamic.adds.begin(name, (signal) => add(dynamic, server, { listed, signal }));
      return await waited(dynamic, name, signal);
    },
  };
}

/** The answer when it is there in time, else what to do. */
async function waited({ adds }: DynamicSession, name: string, signal: AbortSignal): Promise<CallToolResult> {
  return await adds.wait(name, signal) ?? textAnswer(
    `Server '${name}' is still being started; its image may have to be pulled first. It goes on. ` +
      "Call mcp-add again to wait for it.",
  );
}

async function add(
  dynamic: DynamicSession,
  server: EnabledServer,
  { listed, signal: waitedFor }: { listed: boolean; signal: AbortSignal },
): Promise<CallToolResult> {
  const { session } = dynamic;
  const { name } = server.entry;
  const options = { listed, signal: AbortSignal.any([waitedFor, session.signal]) };
  try {
    await session.addServer(server, options).catch(async (error) => {
      if (!(error instanceof LoginRequired) || !await dynamic.logins?.ask(session, error, options.signal)) {
        throw error;
      }
      await session.addServer(await findServer(dynamic, name) ?? server, options);
    });
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof LoginRequired) return await loginAnswer(dynamic, name, error);
    return errorAnswer(`Server '${name}' could not be added: ${(error as Error).message}`);
  }
  const tools = session.tools().filter((tool) => tool.server?.entry.name === name)
    .map(({ definition: { name, description, inputSchema } }) => ({ name, description, inputSchema }));
  const use = listed
    ? "Assume that it is fully configured and ready to use. If your list of tools does not have them, call them with mcp-exec."
    : "Its tools are not in the list of tools: call them with mcp-exec, or with code-mode.";
  return textAnswer(
    `Successfully added ${tools.length} tools in server '${name}'. ${use}\n\n${fencedJson({ tools })}`,
  );
}

/** How the user can log in; then it can be added. */
async function loginAnswer(
  { logins }: DynamicSession,
  name: string,
  error: LoginRequired,
): Promise<CallToolResult> {
  const how = await logins?.invitation(error).catch((failure) => (failure as Error).message) ?? error.hint;
  return errorAnswer(`Server '${name}' was not added: ${how}\nThen call mcp-add again.`);
}

/** The answer for a server that lacks something, or that a policy refuses. */
async function whatIsMissing(
  dynamic: DynamicSession,
  { entry, config }: EnabledServer,
): Promise<CallToolResult | undefined> {
  const { name } = entry;
  const refused = await dynamic.refusal?.(entry);
  if (refused !== undefined) return errorAnswer(`Server '${name}' is not allowed: ${refused}`);
  const { missingSecrets, oauth } = await serverNeeds(entry, config, dynamic.configuration().secrets);
  if (missingSecrets.length > 0) {
    const lines = missingSecrets.map((secret) => `  ${programName()} mcp secret set ${secret}=<value>`);
    return errorAnswer(
      `Server '${name}' needs secrets that are not set: ${missingSecrets.join(", ")}. Nothing was added. ` +
        `The user can set them with:\n${lines.join("\n")}`,
    );
  }
  // A remote server gives the way to log in itself.
  if (oauth === "required" && remoteUrl(entry) === undefined) {
    return errorAnswer(
      `Server '${name}' needs an authorization that was not given. Nothing was added. The user can give it with:\n` +
        `  ${programName()} mcp oauth authorize ${entry.oauth?.providers?.[0]?.provider ?? name}`,
    );
  }
  const problems = configProblems(entry, config);
  if (problems.length === 0) return undefined;
  return errorAnswer(
    `Server '${name}' is not configured: ${problems.join("; ")}. Nothing was added. ` +
      `Set it with mcp-config-set. Its configuration:\n\n${fencedJson(entry.config)}`,
  );
}

export function mcpRemove(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-remove",
      description: "Remove an MCP server and its tools from this session.",
      inputSchema: {
        type: "object",
        properties: { name: { type: "string", description: "Name of the server" } },
        required: ["name"],
      },
      annotations: { title: "Remove MCP server", destructiveHint: true },
    },
    async call(args) {
      const name = requiredText(args, "name");
      if (!activeServer(dynamic, name)) {
        if (!dynamic.configuration().catalogs.servers.has(name)) {
          throw new McpError(ErrorCode.InvalidParams, `server ${name} not found in catalog`);
        }
        return errorAnswer(`Server '${name}' is not in this session.`);
      }
      dynamic.adds.forget(name);
      await dynamic.session.removeServer(name);
      return textAnswer(`Successfully removed server '${name}'.`);
    },
  };
}
