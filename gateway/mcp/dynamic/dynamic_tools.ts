/** Dynamic MCP: tools by which a client finds, adds, configures and combines servers, for its session only. */
import type { GatewayExtension, GatewaySession, OwnTool } from "../gateway/gateway_session.ts";
import { mcpAdd, mcpRemove } from "./add_server.ts";
import { codeMode } from "./code_mode_tool.ts";
import { mcpConfigSet } from "./configure_server.ts";
import { mcpDiscover } from "./discover_prompt.ts";
import type { DynamicParts, DynamicSession } from "./dynamic_session.ts";
import { mcpExec } from "./exec_tool.ts";
import { findTools } from "./find_tools.ts";
import { mcpFind } from "./find_servers.ts";
import { SlowAdds } from "./slow_adds.ts";
import { activateProjectProfiles, mcpActivateProfile, mcpCreateProfile } from "./session_profiles.ts";

/** Clients of the official SDKs give a call 60 s by default. */
const addPatienceMs = 45_000;

/** Sessions that begin while the feature `dynamic-tools` is on have the tools. The last one ends the sandboxes. */
export function dynamicTools(parts: DynamicParts): GatewayExtension {
  let sessions = 0;
  return {
    attach(session) {
      const { features } = parts.configuration();
      if (!features["dynamic-tools"]) return;
      const adds = new SlowAdds(session.signal, parts.addPatience ?? addPatienceMs);
      const dynamic: DynamicSession = { ...parts, session, values: new Map(), adds };
      const tools = [mcpFind, mcpAdd, mcpRemove, mcpConfigSet, mcpExec, codeMode].map((make) =>
        make(dynamic)
      );
      if (features.profiles) tools.push(mcpCreateProfile(dynamic), mcpActivateProfile(dynamic));
      if (parts.meaning) tools.push(findTools(dynamic, parts.meaning));
      session.addOwn({ tools: tools.map((tool) => answeredLate(tool, session)), prompts: [mcpDiscover()] });
      if (features.profiles) activateProjectProfiles(dynamic);
      sessions++;
      session.signal.addEventListener("abort", () => {
        if (--sessions === 0) parts.sandboxes.close();
      }, { once: true });
    },
  };
}

/** A model that is told of new tools asks for them in its next step: its client has them by then. */
function answeredLate(tool: OwnTool, session: GatewaySession): OwnTool {
  return {
    ...tool,
    async call(args, context) {
      const answer = await tool.call(args, context);
      await session.caughtUp();
      return answer;
    },
  };
}
