/** code-mode: makes a tool that runs scripts over the tools of servers of the session. */
import { scriptFunctions, toolDocument } from "../code_mode/tool_document.ts";
import type { OwnTool } from "../gateway/gateway_session.ts";
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";
import { activeServer, type DynamicSession } from "./dynamic_session.ts";
import { errorAnswer, requiredText, textAnswer } from "./tool_answer.ts";

export function codeMode(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "code-mode",
      description:
        "Create a JavaScript-enabled tool that combines the tools of several MCP servers. It is called " +
        "`code-mode-<name>` and takes a script, which calls the servers' tools as functions.",
      inputSchema: {
        type: "object",
        properties: {
          servers: {
            type: "array",
            items: { type: "string" },
            description: "Names of servers of this session, whose tools the script can call",
          },
          name: { type: "string", description: "A name for the new tool" },
        },
        required: ["servers", "name"],
      },
      annotations: { title: "Create a code-mode tool" },
    },
    async call(args) {
      const name = toolName(requiredText(args, "name"));
      const servers = serverNames(args.servers);
      const absent = servers.filter((server) => !activeServer(dynamic, server));
      if (absent.length > 0) {
        return errorAnswer(`Not in this session: ${absent.join(", ")}. Add servers with mcp-add first.`);
      }
      const tool = await scriptTool(dynamic, name, servers);
      if (!tool) return errorAnswer(`The servers ${servers.join(", ")} have no tools.`);
      dynamic.session.addOwn({ tools: [tool] });
      dynamic.sandboxes.warm();
      return textAnswer(
        `Successfully created tool '${name}'. Call it, or execute it with mcp-exec, with a script:\n\n` +
          tool.definition.description,
      );
    },
  };
}

function toolName(name: string): string {
  return `code-mode-${name.replace(/[^A-Za-z0-9_-]/g, "_")}`.slice(0, 64);
}

function serverNames(value: unknown): string[] {
  const names = Array.isArray(value) ? value.filter((name) => typeof name === "string" && name !== "") : [];
  if (names.length > 0) return [...new Set(names)];
  throw new McpError(ErrorCode.InvalidParams, "servers parameter is required and must be a list of names");
}

/** Undefined when there is nothing to call. Calls take the way that all calls of the session take. */
async function scriptTool(
  dynamic: DynamicSession,
  name: string,
  servers: string[],
): Promise<OwnTool | undefined> {
  const { session, sandboxes, limits } = dynamic;
  const tools = (await session.allTools()).filter(({ server }) =>
    server && servers.includes(server.entry.name)
  );
  if (tools.length === 0) return undefined;
  const functions = scriptFunctions(tools.map(({ definition }) => definition));
  const owners = new Map(tools.map(({ definition, server }) => [definition.name, server!.entry.name]));
  return {
    definition: {
      name,
      description: toolDocument(servers, functions),
      inputSchema: {
        type: "object",
        properties: { script: { type: "string", description: "The body of a JavaScript function" } },
        required: ["script"],
      },
      annotations: { title: `Script over ${servers.join(", ")}` },
    },
    async call({ script }, { signal }) {
      if (typeof script !== "string") {
        throw new McpError(ErrorCode.InvalidParams, "script parameter is required");
      }
      const { failed, text, console } = await sandboxes.run({
        script,
        functions: functions.map(({ identifier, tool }) => ({ identifier, tool })),
        limits,
        signal,
        call: async (tool, args, signal) => {
          const owner = owners.get(tool)!;
          if (!activeServer(dynamic, owner)) {
            throw new Error(`The server '${owner}' is no longer in this session. Add it with mcp-add.`);
          }
          return textOf(await session.callTool(tool, args, { signal }));
        },
      });
      const printed = console === "" ? [] : [{ type: "text" as const, text: `console:\n${console}` }];
      const first = { type: "text" as const, text: failed ? `Error running script: ${text}` : text };
      return { content: [first, ...printed], ...(failed ? { isError: true } : {}) };
    },
  };
}

/**
 * What the script gets: all text, that of embedded resources too; else what is structured; else what there is, by
 * kind. Throws the text of a failed call.
 */
function textOf({ content = [], structuredContent, isError }: CallToolResult): string {
  const texts = content.flatMap((item) =>
    item.type === "text"
      ? [item.text]
      : item.type === "resource" && "text" in item.resource
      ? [item.resource.text]
      : []
  );
  const text = texts.length > 0
    ? texts.join("\n")
    : structuredContent !== undefined
    ? JSON.stringify(structuredContent)
    : content.map(named).join("\n");
  if (isError) throw new Error(text || "The tool reported an error");
  return text;
}

/** Content that a script cannot hold. */
function named(item: NonNullable<CallToolResult["content"]>[number]): string {
  if (item.type === "resource_link") return `[resource ${item.uri}]`;
  if (item.type === "resource") return `[resource ${item.resource.uri}]`;
  return "mimeType" in item ? `[${item.type} ${item.mimeType}]` : "";
}
