/**
 * Who may call: the Host header against DNS rebinding, the Origin header against web pages. A page in a
 * browser can send simple requests without a preflight, so refusing to answer a preflight is not enough:
 * the request itself is refused.
 */
import type { HttpSettings } from "./parts.ts";

const loopbackNames = new Set([
  "localhost",
  "127.0.0.1",
  "[::1]",
  "model-runner.docker.internal",
  "host.docker.internal",
]);

const loopbackOrigin = /^https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:\d+)?$/;

/** The name in a Host header: lower case, no port. */
export function hostName(host: string): string {
  return host.trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/**
 * Whether the Host header names this server. Over a name that an attacker's DNS points here a page would be
 * same-origin, so only known names pass; addresses are no danger and pass where the server is public.
 */
export function hostAllowed(host: string, settings: HttpSettings): boolean {
  const name = hostName(host);
  if (loopbackNames.has(name) || settings.hosts.some((h) => hostName(h) === name)) return true;
  return settings.public && (/^\d+(\.\d+){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name));
}

/** Whether a page of this origin may use the API. "null" (sandboxed frames, files) only passes with "*". */
export function originAllowed(origin: string, host: string, settings: HttpSettings): boolean {
  if (settings.origins.includes("*")) return true;
  if (origin === "null") return false;
  if (loopbackOrigin.test(origin)) return true;
  if (origin.replace(/^https?:\/\//, "").toLowerCase() === host.toLowerCase()) return true;
  return settings.origins.some((pattern) => matches(pattern.trim().replace(/\/$/, ""), origin));
}

function matches(pattern: string, origin: string): boolean {
  if (!pattern.includes("*")) return pattern.toLowerCase() === origin.toLowerCase();
  const source = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^/]*");
  return new RegExp(`^${source}$`, "i").test(origin);
}

export interface Verdict {
  allowed: boolean;
  /** Why not. */
  reason?: string;
  /** The origin that CORS headers are for. */
  origin?: string;
}

/** Decides on a request's headers alone. `unix` requests cannot come from a browser by name: no Host check. */
export function judge(request: Request, settings: HttpSettings, unix: boolean): Verdict {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (!unix && !hostAllowed(host, settings)) {
    return { allowed: false, reason: `Host not allowed: ${hostName(host)}` };
  }
  const origin = request.headers.get("origin");
  if (origin !== null) {
    return originAllowed(origin, host, settings)
      ? { allowed: true, origin }
      : { allowed: false, reason: "Origin not allowed" };
  }
  // No Origin: a program, or a browser's GET by <img>, <script>, <link> or a clicked link.
  const site = request.headers.get("sec-fetch-site");
  const clickedLink = request.headers.get("sec-fetch-mode") === "navigate" && request.method === "GET" &&
    request.headers.get("sec-fetch-dest") === "document";
  if (site === "cross-site" && !clickedLink && !settings.origins.includes("*")) {
    return { allowed: false, reason: "Cross-site request not allowed" };
  }
  return { allowed: true };
}

/** CORS headers of an answer to an allowed origin. */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "*, retry-after, request-id, skiff-engine, skiff-device",
    "vary": "Origin",
  };
}

/** The answer to a preflight of an allowed origin. Allowed headers are echoed: "*" does not work with credentials. */
export function preflightResponse(request: Request, origin: string): Response {
  const headers = new Headers(corsHeaders(origin));
  headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  headers.set("access-control-allow-headers", request.headers.get("access-control-request-headers") ?? "*");
  headers.set("access-control-max-age", "600");
  headers.set("vary", "Origin, Access-Control-Request-Headers");
  if (request.headers.get("access-control-request-private-network") === "true") {
    headers.set("access-control-allow-private-network", "true");
  }
  return new Response(null, { status: 204, headers });
}
