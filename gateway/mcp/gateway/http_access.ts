/** Who may speak to the gateway over HTTP: Host, Origin and the bearer token. */
import { timingSafeEqual } from "node:crypto";
import { hostAllowed, hostName } from "../../http/security.ts";

export interface HttpAccess {
  /** Absent: `--allow-unauthenticated`. */
  token?: string;
  /** Listens on more than loopback, so addresses are accepted as Host. */
  public: boolean;
  /** Names, besides loopback's, that this server goes by. */
  hosts: string[];
}

const realm = 'Bearer realm="MCP Gateway"';
const tokenCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";

/** `MCP_GATEWAY_AUTH_TOKEN`, or 50 random characters. */
export function gatewayToken(
  env: { get(name: string): string | undefined },
): { token: string; given: boolean } {
  const given = env.get("MCP_GATEWAY_AUTH_TOKEN");
  if (given) return { token: given, given: true };
  let token = "";
  while (token.length < 50) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 252) token += tokenCharacters[byte % 36]; // 252 = 7 * 36: every character is equally likely
  }
  return { token, given: false };
}

/** The refusal of a request; undefined when it may pass. */
export function refuse(request: Request, access: HttpAccess): Response | undefined {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (!isOwnName(host, access)) {
    return new Response(`Host not allowed: ${hostName(host)}`, { status: 403 });
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isLoopbackOrigin(origin)) {
    return new Response("Origin not allowed", { status: 403 });
  }
  if (access.token === undefined || hasToken(request, access.token)) return undefined;
  return new Response("Unauthorized", { status: 401, headers: { "WWW-Authenticate": realm } });
}

/**
 * Against pages that come in by a name of theirs that leads here. A page knows no token, so where others may come
 * by any name and there is one, it is enough; without one, names of a local network (Compose's services) are none
 * that anybody outside could own.
 */
function isOwnName(host: string, { hosts, public: isPublic, token }: HttpAccess): boolean {
  if (hostAllowed(host, { hosts, public: isPublic, origins: [] } as never)) return true;
  return isPublic && (token !== undefined || /^[a-z0-9_-]+$/.test(hostName(host)));
}

function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return /^https?:$/.test(protocol) && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

function hasToken(request: Request, token: string): boolean {
  const given = /^Bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  const [a, b] = [given, token].map((text) => new TextEncoder().encode(text.trim()));
  return a.length === b.length && timingSafeEqual(a, b);
}
