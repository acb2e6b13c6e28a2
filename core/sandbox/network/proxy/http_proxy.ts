/** The HTTP proxy of a sandbox: absolute-form requests and CONNECT, each decided by the policy. */
import { HttpConnection, tunnel } from "../http/connection.ts";
import { answer, exchange } from "../http/exchange.ts";
import {
  BadMessage,
  endToEnd,
  headerValues,
  keepsAlive,
  requestFraming,
  type RequestHead,
  writeResponseHead,
} from "../http/head.ts";
import { hostAndPort, parseAuthority } from "../hosts.ts";
import type { Decision } from "../decide.ts";
import type { Target } from "../rules.ts";
import { decideAndResolve, dial } from "./dial.ts";
import type { ServedSandbox } from "./served_sandbox.ts";

/** Serves one request; true when the connection can take another one. */
export async function serveProxyRequest(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
): Promise<boolean> {
  const { target, path } = requestTarget(request);
  const decision = await decideFor(sandbox, target);
  const authority = hostAndPort(target.host, target.port);
  const { allowed, reason, rule } = decision;
  sandbox.log.add({ kind: target.via, target: authority, allowed, reason, rule });
  if (!allowed) return await refuse(sandbox, client, request, authority, decision);
  const upstream = new HttpConnection(await dial(target, decision, sandbox.dialParts));
  const cut = () => (client.close(), upstream.close());
  if (target.via === "tunnel") {
    await client.write(writeResponseHead(200, "Connection established", []));
    const open = { target, addresses: decision.addresses ?? [], cut };
    sandbox.tunnels.add(open);
    await tunnel(client, upstream).finally(() => sandbox.tunnels.delete(open));
    return false;
  }
  const headers = endToEnd(request.headers).filter(([name]) => name.toLowerCase() !== "host");
  try {
    return await exchange({
      client,
      upstream,
      request,
      target: path,
      headers: [["Host", target.port === 80 ? authority.replace(/:80$/, "") : authority], ...headers],
      upgrades: true,
    });
  } finally {
    upstream.close();
  }
}

/** A policy that cannot be read lets nothing through. */
async function decideFor(sandbox: ServedSandbox, target: Target): Promise<Decision> {
  try {
    return await decideAndResolve(await sandbox.policy(), target, sandbox.dialParts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { allowed: false, reason: `the policy cannot be read (${reason})` };
  }
}

/** Where a request wants to go. Throws `BadMessage` when its parts disagree or cannot be read. */
export function requestTarget(request: RequestHead): { target: Target; path: string } {
  const hosts = headerValues(request.headers, "host");
  if (hosts.length > 1 || (hosts.length === 0 && request.minor === 1)) {
    throw new BadMessage("it does not have exactly one Host header");
  }
  if (request.method === "CONNECT") {
    const place = parseAuthority(request.target);
    if (!place) throw new BadMessage("the target of CONNECT is no host:port");
    if (requestFraming(request).kind !== "none" && !isEmpty(request)) {
      throw new BadMessage("CONNECT has no body");
    }
    agrees(hosts[0], place, [443, 80, place.port]);
    return { target: { ...place, via: "tunnel" }, path: "" };
  }
  const match = /^http:\/\/([^/?#@\\]+)([/?][^#\\]*)?$/i.exec(request.target);
  if (!match) {
    throw new BadMessage("this is a proxy: the target must be http://host/path, or CONNECT host:port");
  }
  const place = parseAuthority(match[1], 80);
  if (!place) throw new BadMessage("the host cannot be read");
  agrees(hosts[0], place, [80]);
  const path = match[2] ?? "/";
  return { target: { ...place, via: "http" }, path: path.startsWith("?") ? `/${path}` : path };
}

function isEmpty(request: RequestHead): boolean {
  return headerValues(request.headers, "content-length").every((value) => value === "0");
}

/** The Host header must name the target: who is behind the proxy may go by either. */
function agrees(
  host: string | undefined,
  place: { host: { name: string }; port: number },
  impliedPorts: number[],
): void {
  if (host === undefined) return;
  const named = parseAuthority(host, impliedPorts.includes(place.port) ? place.port : impliedPorts[0]);
  if (!named || named.host.name !== place.host.name || named.port !== place.port) {
    throw new BadMessage("the Host header names another target");
  }
}

async function refuse(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
  authority: string,
  { reason, cure }: Decision,
): Promise<boolean> {
  const lines = [`skiff: ${authority} is blocked for this sandbox: ${reason}.`];
  if (cure) lines.push(sandbox.cure(cure));
  // A refused request's body is not read; only without one can the connection go on.
  const keepAlive = request.method !== "CONNECT" && keepsAlive(request) &&
    requestFraming(request).kind === "none";
  await answer(client, 403, `${lines.join("\n")}\n`, { keepAlive, head: request.method === "HEAD" });
  return keepAlive;
}
