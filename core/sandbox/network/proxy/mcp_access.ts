/** The MCP gateway as a sandbox may use it: its one endpoint. */
import { HttpConnection } from "../http/connection.ts";
import { answer, exchange } from "../http/exchange.ts";
import { BadMessage, endToEnd, type RequestHead } from "../http/head.ts";
import { connectSocket } from "./dial.ts";
import type { ServedSandbox } from "./served_sandbox.ts";

/** Serves one request; true when the connection can take another one. */
export async function serveMcpRequest(
  sandbox: ServedSandbox,
  client: HttpConnection,
  request: RequestHead,
): Promise<boolean> {
  const mcp = sandbox.record.mcp;
  const path = request.target.replace(/\?.*$/s, "");
  const endpoint = mcp?.path ?? "/mcp";
  const allowed = mcp !== undefined && path === endpoint && /^(GET|POST|DELETE)$/.test(request.method);
  const reason = allowed
    ? "the MCP endpoint"
    : mcp
    ? "not the MCP endpoint"
    : "this sandbox has no MCP gateway";
  sandbox.log.add({ kind: "mcp", target: `${request.method} ${path}`, allowed, reason });
  if (!mcp || !allowed) {
    await answer(client, 403, `skiff: ${request.method} ${path} is blocked for this sandbox: ${reason}.\n`);
    return false;
  }
  const absent = "the MCP gateway does not run on the host";
  const upstream = mcp.socket ? await connectSocket(mcp.socket, absent) : await connectPort(mcp.port, absent);
  const headers = endToEnd(request.headers).filter(([name]) => !/^(host|origin|cookie)$/i.test(name));
  const host = mcp.socket ? "localhost" : `localhost:${mcp.port}`;
  try {
    return await exchange({
      client,
      upstream,
      request,
      target: request.target,
      cancels: true,
      headers: [["Host", host], ...headers],
    });
  } finally {
    upstream.close();
  }
}

async function connectPort(port: number | undefined, absent: string): Promise<HttpConnection> {
  try {
    return new HttpConnection(await Deno.connect({ hostname: "127.0.0.1", port: port ?? 0 }));
  } catch {
    throw new BadMessage(absent, 503);
  }
}
