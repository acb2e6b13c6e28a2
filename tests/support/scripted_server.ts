/**
 * The server as a process of its own, with a scripted host: `scripted_server.ts serve --background
 * [--preload MODEL]`. For tests of starting, stopping, killing.
 */
import { serveInBackground } from "../../gateway/http/background.ts";
import { MadeStore, ScriptedHost } from "./scripted_host.ts";

/** What `connect` runs instead of skiff. */
export function scriptedServerCommand(args: string[]): { program: string; args: string[] } {
  const path = new URL(import.meta.url).pathname;
  return { program: Deno.execPath(), args: ["run", "-A", "--no-check", "--quiet", path, ...args] };
}

if (import.meta.main) {
  const preload = Deno.args.includes("--preload") ? Deno.args[Deno.args.indexOf("--preload") + 1] : undefined;
  const idleExitMs = Deno.env.has("IDLE_MS") ? Number(Deno.env.get("IDLE_MS")) : undefined;
  const parts = () => ({ store: new MadeStore(), host: new ScriptedHost() });
  Deno.exit(await serveInBackground({ parts, preload, ...(idleExitMs ? { idleExitMs } : {}) }));
}
