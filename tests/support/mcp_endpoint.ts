/**
 * An MCP server with one tool, `tell_secret`, over streamable HTTP without sessions: what a gateway is to an
 * agent. Asks for a bearer token; remembers who called.
 */

export interface McpEndpoint {
  port: number;
  token: string;
  /** What the tool answers. */
  secret: string;
  /** "initialize", "tools/call tell_secret" …, in order; with "unauthorized" for a wrong token. */
  calls: string[];
  close(): Promise<void>;
}

export function mcpEndpoint(): McpEndpoint {
  const token = crypto.randomUUID();
  const secret = `word-${crypto.randomUUID().slice(0, 8)}`;
  const calls: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      calls.push("unauthorized");
      return new Response(null, { status: 401 });
    }
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const { id, method, params } = await request.json();
    if (id === undefined) return new Response(null, { status: 202 });
    calls.push(method === "tools/call" ? `${method} ${params.name}` : method);
    const result = answer(method, params, secret);
    const outcome = result ? { result } : { error: { code: -32601, message: "No such method" } };
    return Response.json({ jsonrpc: "2.0", id, ...outcome });
  });
  return { port: server.addr.port, token, secret, calls, close: () => server.shutdown() };
}

function answer(method: string, params: { protocolVersion: string }, secret: string) {
  const tool = { name: "tell_secret", description: "Tells the secret word", inputSchema: { type: "object" } };
  const results: Record<string, unknown> = {
    initialize: {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "endpoint", version: "1" },
    },
    "tools/list": { tools: [tool] },
    "tools/call": { content: [{ type: "text", text: secret }] },
    ping: {},
  };
  return results[method];
}
