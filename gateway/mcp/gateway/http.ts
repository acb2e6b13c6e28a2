/** The gateway over HTTP: streamable HTTP or SSE, a session for each client. */
import { Hono } from "hono";
import { WebStandardStreamableHTTPServerTransport } from "../sdk_http.ts";
import { SessionEvents } from "./event_store.ts";
import type { Gateway } from "./gateway.ts";
import { type HttpAccess, refuse } from "./http_access.ts";
import { SseTransport } from "./sse_transport.ts";

export type HttpTransport = "sse" | "streaming";

export interface HttpOptions extends HttpAccess {
  transport: HttpTransport;
  /** Milliseconds without a request or an open stream until a session is taken for left. Default an hour. */
  leftAfterMs?: number;
}

const defaultLeftAfterMs = 60 * 60_000;
/** Bytes of a POST. */
const longestBody = 64 * 1024 * 1024;
/** Milliseconds after which a client is to come again when its stream is closed. */
const retryMs = 1000;

export interface HttpFront {
  fetch(request: Request): Response | Promise<Response>;
  close(): Promise<void>;
}

/** The routes; `/health` needs no token. */
export function httpFront(gateway: Gateway, options: HttpOptions): HttpFront {
  const app = new Hono();
  const place = options.transport === "sse" ? "/sse" : "/mcp";
  app.get("/health", () => new Response(null, { status: gateway.healthy ? 200 : 503 }));
  app.use("*", async (context, next) => refuse(context.req.raw, options) ?? await next());
  const sessions = options.transport === "sse"
    ? sseSessions(app, gateway)
    : streamingSessions(app, gateway, options.leftAfterMs ?? defaultLeftAfterMs);
  app.all("*", (context) => context.redirect(place, 307));
  return { fetch: (request) => app.fetch(request), close: sessions.close };
}

interface Sessions {
  close(): Promise<void>;
}

interface Streaming {
  transport: WebStandardStreamableHTTPServerTransport;
  /** Requests and streams that are open now. */
  open: number;
  timer?: ReturnType<typeof setTimeout>;
}

function streamingSessions(app: Hono, gateway: Gateway, leftAfterMs: number): Sessions {
  const sessions = new Map<string, Streaming>();
  app.all("/mcp", async ({ req: { raw } }) => {
    const id = raw.headers.get("mcp-session-id");
    const session = id === null ? await begin() : sessions.get(id);
    if (!session) return rpcError(404, -32001, "Session not found");
    clearTimeout(session.timer);
    session.open++;
    const response = await session.transport.handleRequest(raw);
    if (session.transport.sessionId === undefined) await session.transport.close(); // it was no `initialize`
    return whenDone(response, () => {
      if (--session.open > 0) return;
      const timer = setTimeout(() => session.transport.close(), leftAfterMs);
      Deno.unrefTimer(timer);
      session.timer = timer;
    });
  });

  /** A transport without an id yet: anything but `initialize` is refused by it. */
  async function begin(): Promise<Streaming> {
    const id = crypto.randomUUID();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: (id) => void sessions.set(id, session),
      eventStore: new SessionEvents(),
      retryInterval: retryMs,
      maxRequestBodySize: longestBody,
    });
    const session: Streaming = { transport, open: 0 };
    await gateway.openSession(transport, id);
    const dropped = transport.onclose;
    transport.onclose = () => {
      clearTimeout(session.timer);
      sessions.delete(id);
      dropped?.();
    };
    return session;
  }

  return {
    close: async () => void await Promise.all([...sessions.values()].map((one) => one.transport.close())),
  };
}

function sseSessions(app: Hono, gateway: Gateway): Sessions {
  const sessions = new Map<string, SseTransport>();
  app.get("/sse", async () => {
    const transport = new SseTransport("/message", longestBody);
    await gateway.openSession(transport, transport.sessionId);
    sessions.set(transport.sessionId, transport);
    const dropped = transport.onclose;
    transport.onclose = () => {
      sessions.delete(transport.sessionId);
      dropped?.();
    };
    return transport.response();
  });
  app.post("/message", async ({ req: { raw } }) => {
    const transport = sessions.get(new URL(raw.url).searchParams.get("sessionId") ?? "");
    return transport ? await transport.receive(raw) : new Response("Session not found", { status: 404 });
  });
  return { close: async () => void await Promise.all([...sessions.values()].map((one) => one.close())) };
}

/** The response, with word of when its last byte is sent or its reader is gone. */
function whenDone(response: Response, done: () => void): Response {
  if (!response.body) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  let told = false;
  const tell = () => {
    if (!told) done();
    told = true;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      controller.close();
      tell();
    },
    async cancel(reason) {
      tell();
      await reader.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}
