/** Connections to where a decision allows them: to a checked address, never to a name. */
import { lookup } from "node:dns";
import { type ByteStream, HttpConnection } from "../http/connection.ts";
import { BadMessage, writeRequestHead } from "../http/head.ts";
import { hostAndPort, parseHost } from "../hosts.ts";
import { decide, decideByName, type Decision, type ReadyPolicy, type Resolve } from "../decide.ts";
import type { Target } from "../rules.ts";

/** How long connecting may take. */
const connectMs = 20_000;

/** How long a look-up may take: the system's resolver asks a silent name server again after 5 s. */
const lookUpMs = 8_000;

/**
 * The system's own look-up, which knows /etc/hosts as well as name servers. Fails when no name server answers in
 * time, so that a client inside hears of it before it gives up.
 */
export const resolveName: Resolve = async (name) => {
  const answer = Promise.withResolvers<string[]>();
  const silent = new Error(`no name server answered within ${lookUpMs / 1000} s`);
  const timer = setTimeout(() => answer.reject(silent), lookUpMs);
  lookup(name, { all: true, verbatim: true }, (error, found) => {
    if (error) answer.reject(error);
    else answer.resolve(found.map(({ address }) => address));
  });
  return await answer.promise.finally(() => clearTimeout(timer));
};

/** A proxy through which this machine reaches the outside, e.g. a company's. */
export interface ParentProxy {
  hostname: string;
  port: number;
  /** "Basic …" */
  authorization?: string;
  /** Names that are reached without it; "*" = all. */
  except: string[];
}

/** The parent proxy that the environment names: HTTPS_PROXY or HTTP_PROXY, and NO_PROXY. */
export function parentProxy(env: { get(name: string): string | undefined }): ParentProxy | undefined {
  const value = (name: string) => env.get(name) || env.get(name.toLowerCase());
  const text = value("HTTPS_PROXY") ?? value("HTTP_PROXY") ?? value("ALL_PROXY");
  if (!text || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(text);
  if (protocol !== "http:") return undefined;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || 80),
    authorization: username ? `Basic ${btoa(login)}` : undefined,
    except: (value("NO_PROXY") ?? "").split(",").map((one) => one.trim().toLowerCase()).filter(Boolean),
  };
}

function bypassed({ except }: ParentProxy, { host, port }: Target): boolean {
  return except.some((entry) => {
    const [name, only] = entry.split(":");
    if (only !== undefined && Number(only) !== port) return false;
    const bare = name.replace(/^\*?\./, "");
    return name === "*" || host.name === bare || host.name.endsWith(`.${bare}`);
  });
}

export interface DialParts {
  resolve: Resolve;
  parent?: ParentProxy;
  /** Trusted for TLS besides the roots that Deno knows: PEM bundles. */
  certificates?: () => Promise<string[]>;
}

/**
 * Decides about the target. Behind a parent proxy a name that cannot be resolved here is resolved there: then
 * only its name was checked.
 */
export async function decideAndResolve(
  ready: ReadyPolicy,
  target: Target,
  { resolve, parent }: DialParts,
): Promise<Decision> {
  if (!parent || target.host.address || bypassed(parent, target)) return await decide(ready, target, resolve);
  const decision = decideByName(ready, target);
  if (!decision.allowed) return decision;
  const found = await resolve(target.host.name).catch(() => []);
  if (found.length === 0) return decision;
  return await decide(ready, target, () => Promise.resolve(found));
}

/** A connection to an allowed target. Throws `BadMessage` (502) that says why there is none. */
export async function dial(target: Target, decision: Decision, { parent }: DialParts): Promise<Deno.TcpConn> {
  if (parent && !bypassed(parent, target) && !target.host.address) return await throughParent(target, parent);
  let reason = "no address";
  for (const hostname of decision.addresses ?? []) {
    try {
      return await connect(hostname, target.port);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  throw new BadMessage(`${hostAndPort(target.host, target.port)} cannot be reached: ${reason}`, 502);
}

async function connect(hostname: string, port: number): Promise<Deno.TcpConn> {
  if (!parseHost(hostname)?.address) throw new Error(`${hostname} is no address`);
  const signal = AbortSignal.timeout(connectMs);
  const connection = await Deno.connect({ hostname, port, signal });
  connection.setNoDelay(true);
  return connection;
}

/** A tunnel through the parent: everything, plain HTTP too, goes by CONNECT. */
async function throughParent(target: Target, parent: ParentProxy): Promise<Deno.TcpConn> {
  const authority = hostAndPort(target.host, target.port);
  const refused = (why: string) =>
    new BadMessage(`${authority} cannot be reached through the proxy: ${why}`, 502);
  const connection = await Deno.connect({
    hostname: parent.hostname,
    port: parent.port,
    signal: AbortSignal.timeout(connectMs),
  }).catch((error) => {
    throw refused(error.message);
  });
  connection.setNoDelay(true);
  try {
    // The parent says nothing of its own behind its head, so nothing that follows is read along with it.
    const asking = new HttpConnection(oneByteAtATime(connection));
    await asking.write(writeRequestHead("CONNECT", authority, [
      ["Host", authority],
      ...(parent.authorization ? [["Proxy-Authorization", parent.authorization] as [string, string]] : []),
    ]));
    const { status } = await asking.readResponseHead();
    if (status !== 200) throw refused(`it answered ${status}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function oneByteAtATime(connection: Deno.TcpConn): ByteStream {
  return {
    read: (buffer) => connection.read(buffer.subarray(0, 1)),
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}

/** A connection to a unix socket of this machine. Throws `BadMessage` (503) with the words for its absence. */
export async function connectSocket(path: string, absent: string): Promise<HttpConnection> {
  try {
    return new HttpConnection(await Deno.connect({ transport: "unix", path }));
  } catch {
    throw new BadMessage(absent, 503);
  }
}
