/** The prompt mcp-discover: how a model finds and uses servers. */
import type { OwnPrompt } from "../gateway/gateway_session.ts";

const text = `You can find and add MCP servers while you work.

1. Search the catalog with \`mcp-find\` and a few words for what you need. Each match says which secrets and which \
configuration it needs.
2. If a server needs configuration, set it with \`mcp-config-set\`. If it needs secrets or an authorization, ask the user to \
give them: you never see their values.
3. Add the server with \`mcp-add\`. Its tools are then in your list of tools, and you can call them at once. With \
\`activate: false\` they are not listed, and you call them by \`mcp-exec\`.
4. To combine many calls in one step, make a tool with \`code-mode\` and give it a script.
5. When you no longer need a server, take it away with \`mcp-remove\`.

Servers that you add are there for this session only. \`mcp-create-profile\` keeps them under a name, and \
\`mcp-activate-profile\` adds them again.`;

export function mcpDiscover(): OwnPrompt {
  return {
    definition: {
      name: "mcp-discover",
      title: "Discover MCP servers",
      description: "How to find, add and use MCP servers during a conversation",
    },
    get: () => ({
      description: "How to find, add and use MCP servers",
      messages: [{ role: "user", content: { type: "text", text } }],
    }),
  };
}
