/** The server's settings from the environment; the names are Docker Model Runner's. */
import type { HttpSettings } from "./parts.ts";

type Environment = { get(name: string): string | undefined };

function list(text: string | undefined): string[] {
  return (text ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/**
 * DMR_ORIGINS: allowed browser origins, comma-separated ("*" = all); DMR_HOSTS: further allowed Host names;
 * DISABLE_METRICS: no /metrics.
 */
export function httpSettings(env: Environment = Deno.env): Partial<HttpSettings> {
  const disabled = env.get("DISABLE_METRICS") ?? "";
  return {
    origins: list(env.get("DMR_ORIGINS")),
    hosts: list(env.get("DMR_HOSTS")),
    metrics: ["", "0", "false"].includes(disabled.toLowerCase()),
  };
}

/** Whether an address to listen on is reachable only from this machine. */
export function isLoopbackAddress(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
