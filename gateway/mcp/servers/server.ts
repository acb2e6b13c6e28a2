/** The contract of a running MCP server, whatever it runs in. */
import type { Client, ClientCapabilities, Implementation } from "../sdk.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";

export type ServerKind = "container" | "remote" | "local" | "one-shot";

/** What servers send that is not an answer; the connection's owner passes it to its client. */
export interface ServerUpcalls {
  /** sampling/createMessage, elicitation/create, roots/list: the answer of the client. Throws `McpError`. */
  request(
    request: { method: string; params?: Record<string, unknown> },
    signal: AbortSignal,
  ): Promise<Record<string, unknown>>;
  /**
   * Logging, list_changed, resources/updated, elicitation/complete. Progress goes to the call it is of. A promise
   * that it gives is settled when the next one can come.
   */
  notification(notification: { method: string; params?: Record<string, unknown> }): Promise<void> | void;
}

/** What a connection is opened with. */
export interface OpenServerOptions {
  /** What the client behind can do: the server is told the same. */
  capabilities: ClientCapabilities;
  clientInfo: Implementation;
  upcalls: ServerUpcalls;
  /** What the server writes to stderr, and faults of its protocol; a line without its end. */
  log(line: string): void;
  /** What people should know of it in any case: not isolated, a secret that is missing, a blocked host. */
  tell(line: string): void;
  /** Ends the start. */
  signal: AbortSignal;
}

/** One started server with its finished handshake. */
export interface ServerConnection {
  readonly server: EnabledServer;
  readonly kind: ServerKind;
  /**
   * Requests go through `client.request(…)`; `getServerCapabilities()` says what it can. Results are passed
   * on as they are (see `passThrough` in upcalls.ts), so no schema of the SDK is applied to them.
   */
  readonly client: Client;
  /** Resolves when it has ended, by itself or by `close`; gives the reason. Never rejects. */
  readonly closed: Promise<string>;
  /** Ends it and what it runs in. May be called again. */
  close(): Promise<void>;
}
