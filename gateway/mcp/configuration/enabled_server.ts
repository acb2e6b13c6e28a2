/** What the configuration says to run: a server with its values. */
import type { ServerEntry } from "../catalog/server_entry.ts";

export interface EnabledServer {
  entry: ServerEntry;
  /** The user's values, what `{{<name>.…}}` templates are dug from. */
  config: Record<string, unknown>;
  /** Values of the secrets that the entry declares, by secret name. Never logged. */
  secrets: ReadonlyMap<string, string>;
  /** Names, without prefix, of the tools that are on; absent: all. */
  tools?: string[];
}

export interface GatewayConfiguration {
  servers: EnabledServer[];
  features: Record<string, boolean>;
  /** For people, one line each. */
  warnings: string[];
  /** Files whose change means a new configuration. */
  files: string[];
}
