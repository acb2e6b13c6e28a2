/** One client's session, as middlewares and extensions (dynamic tools) see it. */
import type {
  CallToolResult,
  ClientCapabilities,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  GetPromptResult,
  Implementation,
  Prompt,
  Tool,
} from "../sdk.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { Inventory } from "./inventory.ts";

/** A tool of the gateway itself. */
export interface OwnTool {
  definition: Tool;
  /** False: not in tools/list, only for `callTool`. Default true. */
  listed?: boolean;
  call(args: Record<string, unknown>, context: { signal: AbortSignal }): Promise<CallToolResult>;
}

/** A prompt of the gateway itself. */
export interface OwnPrompt {
  definition: Prompt;
  get(args: Record<string, string>): Promise<GetPromptResult> | GetPromptResult;
}

/** A tool that this session can call. */
export interface SessionTool {
  /** Under its public name. */
  definition: Tool;
  /** Absent: the gateway's own. */
  server?: EnabledServer;
  /** Its server's name for it. */
  tool: string;
  /** Whether tools/list shows it. */
  listed: boolean;
}

export interface GatewaySession {
  readonly id: string;
  /** From `initialize`. */
  readonly client: Implementation;
  readonly capabilities: ClientCapabilities;
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;

  /** The servers of this session: the gateway's, less the removed, with the added. */
  servers(): EnabledServer[];
  /** All tools that are known by now, waiting for none. */
  tools(): SessionTool[];
  /** As `tools`, when every server of the session has answered or run into its deadline. */
  allTools(): Promise<SessionTool[]>;

  /**
   * Adds a server for this session only, or replaces the one of its name: starts it, lists it, tells the client.
   * `listed: false` keeps its tools out of tools/list. Throws `SkiffError` when it cannot start; nothing is added then.
   */
  addServer(server: EnabledServer, options?: { listed?: boolean; signal?: AbortSignal }): Promise<Inventory>;
  /** Takes a server away from this session, ends it, tells the client. False when it has none of that name. */
  removeServer(name: string): Promise<boolean>;
  /** When the client has the tools that it was just told of; soon, where it does not ask for them. */
  caughtUp(): Promise<void>;

  /** Adds tools and prompts of the gateway itself, or replaces those of the same name; tells the client. */
  addOwn(own: { tools?: OwnTool[]; prompts?: OwnPrompt[] }): void;
  removeOwn(own: { tools?: string[]; prompts?: string[] }): void;

  /** Calls a tool by its public name, through all middlewares. Throws `McpError` when there is none of that name. */
  callTool(
    name: string,
    args: Record<string, unknown>,
    options?: { signal?: AbortSignal; meta?: Record<string, unknown> },
  ): Promise<CallToolResult>;

  /** Asks the person at the client. Throws `McpError` when the client cannot (see `capabilities.elicitation`). */
  elicit(
    params: ElicitRequestFormParams | ElicitRequestURLParams,
    options?: { signal?: AbortSignal },
  ): Promise<ElicitResult>;
}

/** Something that takes part in every session: dynamic tools, code mode, profiles. */
export interface GatewayExtension {
  /** Called when the client has initialized, before its first list is answered. */
  attach(session: GatewaySession): void;
}
