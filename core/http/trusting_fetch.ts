/** `fetch` that trusts what this machine trusts, and what its failures mean. */
import { systemTrustClient } from "./system_certificates.ts";

const distrust = /certificate|UnknownIssuer|invalid peer/i;
/** Hosts whose certificate only the system's store vouches for. */
const systemTrusted = new Set<string>();

/** `fetch` that asks the system's certificates when Deno's own do not know the host's issuer. */
export async function fetchTrusting(to: string | URL, init: RequestInit = {}): Promise<Response> {
  const { host } = new URL(to);
  if (!systemTrusted.has(host)) {
    try {
      return await fetch(to, init);
    } catch (error) {
      if (!distrust.test(failureText(error)) || await systemTrustClient() === undefined) throw error;
    }
  }
  const response = await fetch(to, { ...init, client: await systemTrustClient() });
  systemTrusted.add(host);
  return response;
}

function failureText(error: unknown): string {
  return [error, (error as Error)?.cause].map((e) => e instanceof Error ? e.message : "").join(" ");
}

/** What the engine of `fetch` says -> what a person reads. */
const failures: [RegExp, string][] = [
  [/dns error|failed to lookup|name or service not known/i, "its name cannot be resolved"],
  [/connection refused/i, "the connection is refused"],
  [/certificate.*expired/i, "its certificate has expired"],
  [/certificate.*not valid for/i, "its certificate is for another name"],
  [distrust, "its certificate is not trusted"],
  [/network is unreachable|no route to host/i, "there is no way to it"],
  [/tunnel|proxy/i, "the proxy refuses the connection"],
];

/** Why a `fetch` did not reach its host; undefined for anything that may be over in a moment. */
export function failureReason(error: unknown): string | undefined {
  const text = failureText(error);
  return failures.find(([pattern]) => pattern.test(text))?.[1];
}
