/** `skiff mcp tools ls`. */
import type { Command } from "../../core/cli/command.ts";
import { allTools, withGateway } from "./gateway_client.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";
import { shortened } from "./place.ts";
import type { Tool } from "../../gateway/mcp/sdk.ts";
import type { PolicyDecision } from "../../gateway/mcp/security/policy.ts";

/** What the gateway says in `_meta.refused` of tools that clients do not see. */
function withPolicy({ _meta, ...tool }: Tool): Omit<Tool, "_meta"> & { policy: PolicyDecision } {
  const { refused, ...meta } = _meta ?? {};
  const rest = Object.keys(meta).length > 0 ? { ...tool, _meta: meta } : tool;
  return typeof refused === "string"
    ? { ...rest, policy: { allowed: false, reason: refused } }
    : { ...rest, policy: { allowed: true, reason: "" } };
}

export const toolsLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the tools that clients of the gateway see",
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  async run(invocation) {
    const listed = (await withGateway(invocation, allTools, ["--list-refused"])).map(withPolicy);
    const { context, flags } = invocation;
    if (flags.format === "json") return await context.out(`${JSON.stringify(listed, null, 2)}\n`);
    const tools = listed.filter(({ policy }) => policy.allowed);
    await context.out(`${tools.length} tools:\n`);
    for (const { name, description } of tools) {
      await context.out(` - ${name}${description ? ` - ${shortened(description)}` : ""}\n`);
    }
    for (const { name, policy } of listed) {
      if (!policy.allowed) await context.out(` - ${name} (refused: ${policy.reason})\n`);
    }
  },
};
