/** mcp-exec: calls a tool of the session by its name, whether it is listed or not. */
import type { OwnTool } from "../gateway/gateway_session.ts";
import { ErrorCode, McpError } from "../sdk.ts";
import type { DynamicSession } from "./dynamic_session.ts";
import { objectOf, requiredText } from "./tool_answer.ts";

export function mcpExec({ session }: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-exec",
      description: "Execute a tool by its name that exists in the current session, listed or not.",
      inputSchema: {
        type: "object",
        properties: {
          name: { type: "string", description: "Name of the tool" },
          arguments: { type: "object", description: "Its arguments; as JSON they are taken, too" },
        },
        required: ["name"],
      },
      annotations: { title: "Execute a tool" },
    },
    async call(args, { signal }) {
      const name = requiredText(args, "name");
      const own = objectOf(args.arguments ?? {});
      if (!own) throw new McpError(ErrorCode.InvalidParams, "arguments parameter must be an object");
      return await session.callTool(name, own, { signal });
    },
  };
}
