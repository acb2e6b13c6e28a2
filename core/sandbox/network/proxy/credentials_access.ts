/**
 * Requests whose credential is added here: the sandbox speaks plain HTTP to `/<provider>/…` with a placeholder,
 * the host side writes the real header and opens TLS to the fixed upstream.
 */
import { HttpConnection } from "../http/connection.ts";
import { answer, exchange } from "../http/exchange.ts";
import { BadMessage, endToEnd, type Header, type RequestHead } from "../http/head.ts";
import { parseAuthority } from "../hosts.ts";
import type { CredentialRule } from "../credential_rule.ts";
import { decideAndResolve, dial, type DialParts } from "./dial.ts";
import type { ServedSandbox } from "./served_sandbox.ts";
import type { Target } from "../rules.ts";

/** What a sandbox sends as its credential, in whichever header: none of it goes on. */
const credentialHeaders = /^(authorization|x-api-key|x-goog-api-key|api-key|cookie|proxy-authorization)$/i;

/** Serves one request; true when the connection can take another one. */
export async function serveCredentialRequest(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
): Promise<boolean> {
  const provider = /^\/([a-z0-9-]+)(?=[/?]|$)/.exec(request.target)?.[1] ?? "";
  const rule = sandbox.record.credentials.find((one) => one.provider === provider);
  const refuse = async (status: number, reason: string, more = "") => {
    const target = rule ? new URL(rule.upstream).host : `/${provider}`;
    sandbox.log.add({ kind: "credentials", target, allowed: false, reason });
    await answer(client, status, `skiff: ${target} is blocked for this sandbox: ${reason}.\n${more}`);
    return false;
  };
  if (!rule) return await refuse(403, "no credential is kept for it");
  // A server answers TRACE with the request as it came: with the credential in it.
  if (request.method === "TRACE") return await refuse(405, "TRACE would show the credential");
  const upstream = upstreamOf(rule);
  const path = upstreamPath(upstream.path, request.target.slice(1 + provider.length));
  if (path === undefined) return await refuse(403, "its path leaves the upstream");
  const decision = await decideAndResolve(await sandbox.policy(), upstream.target, sandbox.dialParts);
  if (!decision.allowed) {
    const more = decision.cure ? `${sandbox.cure(decision.cure)}\n` : "";
    return await refuse(403, decision.reason, more);
  }
  const secret = sandbox.secrets.get(rule.secret);
  if (secret === undefined) {
    const more = `Set ${rule.secret} on the host and run \`skiff sandbox run\` there again.\n`;
    return await refuse(503, `the proxy does not hold ${rule.secret}`, more);
  }
  sandbox.log.add({
    kind: "credentials",
    target: `${upstream.host}`,
    allowed: true,
    reason: decision.reason,
    rule: decision.rule,
  });
  const raw = await dial(upstream.target, decision, sandbox.dialParts);
  const connection = new HttpConnection(
    upstream.tls ? await startTls(raw, upstream.name, sandbox.dialParts.certificates) : raw,
  );
  const headers: Header[] = [
    ["Host", upstream.host],
    ...endToEnd(request.headers).filter(([name]) =>
      !/^(host|origin)$/i.test(name) && !credentialHeaders.test(name)
    ),
    [rule.header, rule.format.replace("{secret}", () => secret)],
  ];
  try {
    return await exchange({ client, upstream: connection, request, target: path, headers, cancels: true });
  } finally {
    connection.close();
  }
}

interface Upstream {
  target: Target;
  tls: boolean;
  /** Of the certificate. */
  name: string;
  /** For the Host header. */
  host: string;
  /** Without a slash at its end. */
  path: string;
}

function upstreamOf(rule: CredentialRule): Upstream {
  const url = new URL(rule.upstream);
  const tls = url.protocol === "https:";
  const place = parseAuthority(url.host, tls ? 443 : 80);
  if (!place || (!tls && url.protocol !== "http:")) throw new BadMessage("the upstream cannot be read", 502);
  return {
    target: { ...place, via: tls ? "tunnel" : "http" },
    tls,
    name: url.hostname,
    host: url.host,
    path: url.pathname.replace(/\/+$/, ""),
  };
}

/** The path at the upstream; undefined when dots, however they are written, would leave the upstream's. */
export function upstreamPath(base: string, rest: string): string | undefined {
  if (rest !== "" && !/^[/?]/.test(rest)) return undefined;
  const path = rest.replace(/\?.*$/s, "");
  if (/[\\#]/.test(rest) || path.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part))) return undefined;
  const whole = base + (rest.startsWith("?") || rest === "" ? `/${rest}` : rest);
  return whole;
}

async function startTls(
  raw: Deno.TcpConn,
  hostname: string,
  certificates: DialParts["certificates"],
): Promise<Deno.TlsConn> {
  let connection: Deno.TlsConn | undefined;
  try {
    const caCerts = await certificates?.() ?? [];
    connection = await Deno.startTls(raw, { hostname, caCerts, alpnProtocols: ["http/1.1"] });
    await connection.handshake();
    return connection;
  } catch (error) {
    connection?.close(); // the plain one went over into it
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadMessage(`no TLS connection to ${hostname}: ${reason}`, 502);
  }
}
