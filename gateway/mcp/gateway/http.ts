/** The gateway over HTTP: streamable HTTP or SSE, a session for each client. */
import { Hono } from "hono";
import { greetingFault } from "../json_rpc.ts";
import type { JSONRPCMessage } from "../sdk.ts";
import type { Gateway } from "./gateway.ts";
import { type HttpAccess, refuse } from "./http_access.ts";
import { readPost } from "./posted_messages.ts";
import { SseTransport } from "./sse_transport.ts";
import { faultResponse } from "./streaming_messages.ts";
import { StreamingTransport } from "./streaming_transport.ts";

export type HttpTransport = "sse" | "streaming";

export interface HttpOptions extends HttpAccess {
  transport: HttpTransport;
  /** Milliseconds without a request or an open stream until a session is taken for left. Default an hour. */
  leftAfterMs?: number;
}

const defaultLeftAfterMs = 60 * 60_000;
/** Bytes of a POST. */
const longestBody = 64 * 1024 * 1024;

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
  transport: StreamingTransport;
  /** Requests and streams that are open now. */
  open: number;
  timer?: ReturnType<typeof setTimeout>;
}

function streamingSessions(app: Hono, gateway: Gateway, leftAfterMs: number): Sessions {
  const sessions = new Map<string, Streaming>();
  app.post("/mcp", async ({ req: { raw } }) => {
    const id = raw.headers.get("mcp-session-id");
    if (id !== null && !sessions.has(id)) return notFound();
    const posted = await readPost(raw, longestBody);
    if ("status" in posted) return faultResponse(posted.status, posted.fault);
    const { messages } = posted;
    const fault = messages.map(greetingFault).find((one) => one !== undefined);
    if (fault) return faultResponse(400, fault);
    if (id === null && !isGreeting(messages)) return noSession();
    const session = id === null ? await begin() : sessions.get(id); // it may have ended meanwhile
    return session ? await use(session, (done) => session.transport.post(raw, messages, done)) : notFound();
  });
  app.on(["GET", "DELETE"], "/mcp", async ({ req: { raw } }) => {
    if (raw.method === "HEAD") return notAllowed("GET, POST, DELETE");
    const id = raw.headers.get("mcp-session-id");
    if (id === null) return noSession();
    const session = sessions.get(id);
    return session ? await use(session, (done) => session.transport.other(raw, done)) : notFound();
  });
  app.all("/mcp", () => notAllowed("GET, POST, DELETE"));

  async function use(
    session: Streaming,
    answer: (done: () => void) => Promise<Response>,
  ): Promise<Response> {
    clearTimeout(session.timer);
    session.open++;
    const response = await answer(() => {
      if (--session.open === 0) mayBeLeft(session);
    });
    // The SDK has refused what was to begin the session, so nobody knows of that.
    if (session.transport.sessionId === undefined) await session.transport.close();
    return response;
  }

  function mayBeLeft(session: Streaming): void {
    if (!sessions.has(session.transport.sessionId ?? "")) return;
    session.timer = setTimeout(() => session.transport.close(), leftAfterMs);
    Deno.unrefTimer(session.timer);
  }

  async function begin(): Promise<Streaming> {
    const id = crypto.randomUUID();
    const transport = new StreamingTransport(id, () => void sessions.set(id, session));
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

const isGreeting = (messages: JSONRPCMessage[]) =>
  messages.some((message) => "method" in message && message.method === "initialize");

const notFound = () => faultResponse(404, { id: null, code: -32001, message: "Session not found" });

const noSession = () =>
  faultResponse(400, {
    id: null,
    code: -32000,
    message: "The request has no Mcp-Session-Id; a session begins with a POST of `initialize`",
  });

function notAllowed(allow: string): Response {
  const response = faultResponse(405, { id: null, code: -32000, message: "Method not allowed" });
  response.headers.set("Allow", allow);
  return response;
}

function sseSessions(app: Hono, gateway: Gateway): Sessions {
  const sessions = new Map<string, SseTransport>();
  app.get("/sse", async ({ req: { raw } }) => {
    if (raw.method === "HEAD") return notAllowed("GET"); // nobody would read the stream
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
  // A client that tries streamable HTTP first goes on to SSE when it is told so, not when it is sent here again.
  app.all("/sse", () => notAllowed("GET"));
  return { close: async () => void await Promise.all([...sessions.values()].map((one) => one.close())) };
}
