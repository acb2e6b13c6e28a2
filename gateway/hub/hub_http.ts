/** The Docker Hub server over streamable HTTP, stateless: every POST to /mcp is a conversation of its own. */
import { timingSafeEqual } from "node:crypto";
import { hostName } from "../http/security.ts";
import { namingHeaders } from "../mcp/gateway/streaming_messages.ts";
import { WebStandardStreamableHTTPServerTransport } from "../mcp/sdk_http.ts";
import type { HubClient } from "./hub_client.ts";
import { hubServer } from "./hub_server.ts";

export interface HubHttpAccess {
  /** What clients show as bearer token; absent: anybody on this address may use the log-in. */
  token?: string;
  /** Host headers that are accepted, without port; loopback's always are. */
  hosts: string[];
  /** Origin headers that are accepted; loopback's always are. */
  origins: string[];
}

const refusedPlace = -32003;
const refusedToken = -32001;
const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** The answer to any request at this server. */
export async function answerHubRequest(
  hub: HubClient,
  access: HubHttpAccess,
  request: Request,
): Promise<Response> {
  const refusal = refuse(request, access);
  if (refusal) return refusal;
  if (new URL(request.url).pathname !== "/mcp") {
    return rpcError(404, -32601, "Not found; the server is at /mcp");
  }
  if (request.method !== "POST") {
    return rpcError(405, -32000, "Method not allowed; this server keeps no sessions", { allow: "POST" });
  }
  const server = hubServer(hub);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(new Request(request, { headers: namingHeaders(request) }));
  } finally {
    await server.close();
  }
}

function refuse(request: Request, { token, hosts, origins }: HubHttpAccess): Response | undefined {
  const host = hostName(request.headers.get("host") ?? new URL(request.url).host);
  if (!loopback.includes(host) && !hosts.some((allowed) => hostName(allowed) === host)) {
    return rpcError(403, refusedPlace, `Host not allowed: ${host}`);
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !originAllowed(origin, origins)) {
    return rpcError(403, refusedPlace, "Origin not allowed");
  }
  if (token === undefined || hasToken(request, token)) return undefined;
  return rpcError(401, refusedToken, "Unauthorized", { "www-authenticate": 'Bearer realm="dockerhub"' });
}

function originAllowed(origin: string, origins: string[]): boolean {
  if (origins.some((allowed) => allowed.replace(/\/$/, "").toLowerCase() === origin.toLowerCase())) {
    return true;
  }
  return URL.canParse(origin) && loopback.includes(new URL(origin).hostname);
}

function hasToken(request: Request, token: string): boolean {
  const given = /^Bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  const [a, b] = [given.trim(), token].map((text) => new TextEncoder().encode(text));
  return a.length === b.length && timingSafeEqual(a, b);
}

function rpcError(status: number, code: number, message: string, headers: HeadersInit = {}): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}
