/** The server on loopback over a scripted host: for clients that speak HTTP. */
import { skiffPaths } from "../../core/paths/paths.ts";
import type { HttpSettings } from "../../gateway/http/parts.ts";
import { startServer } from "../../gateway/http/server.ts";
import { MadeStore, ScriptedHost } from "./scripted_host.ts";

export interface ScriptedService {
  /** "http://127.0.0.1:40123" */
  url: string;
  host: ScriptedHost;
  close(): Promise<void>;
}

export async function scriptedService(
  host = new ScriptedHost(),
  settings: Partial<HttpSettings> = {},
): Promise<ScriptedService> {
  const home = await Deno.makeTempDir({ prefix: "skiff-service-" });
  const server = await startServer({
    paths: skiffPaths({ get: (name) => name === "SKIFF_HOME" ? home : undefined }),
    port: 0,
    settings,
    parts: () => ({ store: new MadeStore(), host }),
  });
  return {
    url: server.addresses.url,
    host,
    async close() {
      await server.close({ force: true });
      await Deno.remove(home, { recursive: true });
    },
  };
}
