/** The Docker Hub MCP server: 14 tools over one `HubClient`. Names and inputs: docs.docker.com. */
import * as z from "zod";
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { version } from "../../core/version.ts";
import { passedError } from "../mcp/passed_error.ts";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  Server,
  type Tool,
} from "../mcp/sdk.ts";
import { discoveryTools } from "./discovery_tools.ts";
import { dockerfileTools } from "./dockerfile_tools.ts";
import type { HubClient } from "./hub_client.ts";
import type { HubResult, HubTool } from "./hub_tool.ts";
import { repositoryTools } from "./repository_tools.ts";
import { tagTools } from "./tag_tools.ts";

export const hubTools: HubTool[] = [
  ...repositoryTools,
  ...tagTools,
  ...discoveryTools,
  ...dockerfileTools,
].sort((a, b) => a.name < b.name ? -1 : 1);

const byName = new Map<string, HubTool>();
for (const tool of hubTools) {
  byName.set(tool.name, tool);
  if (tool.alias) byName.set(tool.alias, tool);
}

const anonymousNote =
  "The request was not authenticated. Private repositories and higher rate limits need a " +
  "log-in: a username and a personal access token.";

/** A server for one client; to be connected to a transport. */
export function hubServer(hub: HubClient): Server {
  const server = new Server({ name: "dockerhub-mcp-server", title: "Docker Hub", version }, {
    capabilities: { tools: {} },
    instructions: hub.authenticated
      ? `Logged in to Docker Hub as ${hub.username}.`
      : "Not logged in to Docker Hub: only public content, and nothing can be changed.",
  });
  const tools = hubTools.map(definition);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) => {
    const tool = byName.get(params.name);
    if (!tool) throw passedError(new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}`));
    return callHubTool(hub, tool, params.arguments ?? {}, signal);
  });
  return server;
}

/** What clients see of a tool. */
function definition({ name, title, description, input, output, effect }: HubTool): Tool {
  return {
    name,
    title,
    description,
    inputSchema: z.toJSONSchema(input, { io: "input" }) as Tool["inputSchema"],
    outputSchema: z.toJSONSchema(output, { io: "input" }) as Tool["outputSchema"],
    annotations: {
      title,
      readOnlyHint: effect === "reads",
      destructiveHint: effect === "changes",
      idempotentHint: effect !== "adds",
      openWorldHint: true,
    },
  };
}

/** Never throws for what the Hub or the arguments do: that is a result with `isError`. */
async function callHubTool(
  hub: HubClient,
  tool: HubTool,
  given: Record<string, unknown>,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    const input = tool.input.safeParse(given);
    if (!input.success) throw argumentsError(input.error);
    return resultOf(tool, await tool.run(hub, input.data, signal));
  } catch (thrown) {
    const { message, hint } = toSkiffError(thrown);
    const error = hint ? `${message}. ${hint}` : message;
    return { isError: true, content: [{ type: "text", text: error }], structuredContent: { error } };
  }
}

function argumentsError(error: z.ZodError): SkiffError {
  const problems = error.issues.map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`);
  return new SkiffError("invalid_input", `Wrong arguments: ${problems.join("; ")}`);
}

/** Clients refuse structured content that is not as promised, and all else with it: then the model gets the text. */
function resultOf(
  { output }: HubTool,
  { text, content, code, authenticated, notes = [] }: HubResult,
): CallToolResult {
  const structured = typeof content === "object" && content !== null && !Array.isArray(content)
    ? content as Record<string, unknown>
    : { content };
  const data = JSON.stringify({ content: structured, isAuthenticated: authenticated, code });
  const more = [...notes, authenticated ? undefined : anonymousNote].filter((note) => note !== undefined);
  const texts = [`${text}\n${data}`, ...more];
  const { error } = output.safeParse(structured);
  if (error) {
    const [{ path, message }] = error.issues;
    const problem = `Docker Hub's answer is not as documented (${path.join(".")}: ${message})`;
    return {
      isError: true,
      content: [problem, ...texts].map((text) => ({ type: "text", text })),
      structuredContent: { error: problem },
    };
  }
  return { content: texts.map((text) => ({ type: "text", text })), structuredContent: structured };
}
