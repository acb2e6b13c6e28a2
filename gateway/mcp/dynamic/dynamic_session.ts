/** What the tools of dynamic MCP stand on: the gateway's parts, and one client's session. */
import type { CatalogPlace } from "../catalog/catalogs.ts";
import type { ScriptLimits } from "../code_mode/sandbox_protocol.ts";
import type { ScriptSandboxes } from "../code_mode/script_sandboxes.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import type { LoadedConfiguration } from "../configuration/configuration.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { GatewaySession } from "../gateway/gateway_session.ts";
import type { LoginDesk } from "../oauth/login_desk.ts";
import type { Meaning } from "./meaning.ts";
import type { SlowAdds } from "./slow_adds.ts";

export interface DynamicParts {
  /** The one that holds when it is asked. */
  configuration(): LoadedConfiguration;
  /** Where profiles are. */
  place: CatalogPlace;
  sandboxes: ScriptSandboxes;
  limits: ScriptLimits;
  /** Nearness by an embedding model that was there when the gateway started; absent: there was none. */
  meaning?: Meaning;
  /** Looks for one that came later. */
  seekMeaning?(): Promise<Meaning | undefined>;
  /** Where sessions log in to servers. */
  logins?: LoginDesk;
  /** Why a server must not be added; undefined: it may. */
  refusal?(entry: ServerEntry): Promise<string | undefined>;
  /** ms until a server that is still being added is answered for. */
  addPatience?: number;
  log(line: string): void;
}

export interface DynamicSession extends DynamicParts {
  session: GatewaySession;
  /** Values that this session has set, by server. */
  values: Map<string, Record<string, unknown>>;
  adds: SlowAdds;
}

/** The server as this session would run it: its own if it has it, else the catalog's; with the values it has set. */
export async function findServer(dynamic: DynamicSession, name: string): Promise<EnabledServer | undefined> {
  const active = activeServer(dynamic, name);
  const found = await dynamic.configuration().server(name) ?? active;
  if (!found) return undefined;
  return { ...found, config: dynamic.values.get(name) ?? active?.config ?? found.config };
}

export function activeServer({ session }: DynamicSession, name: string): EnabledServer | undefined {
  return session.servers().find(({ entry }) => entry.name === name);
}
