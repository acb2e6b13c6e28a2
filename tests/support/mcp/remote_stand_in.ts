/**
 * A remote MCP server over streamable HTTP that a test can make fail: its streams break off, it forgets its
 * sessions, it goes and comes again. The protocol is the SDK's.
 */
import { type EventStore, Server } from "../../../gateway/mcp/sdk.ts";
import { WebStandardStreamableHTTPServerTransport } from "../../../gateway/mcp/sdk_http.ts";
import { freePort } from "../executable.ts";

export interface StandInOptions {
  /** Streams have ids and can be taken up again. */
  resumable?: boolean;
  /** Answers are JSON, not streams. */
  json?: boolean;
  /** Folder with cert.pem and key.pem: it listens behind TLS. */
  tls?: string;
  /** How it says that it does not know a session. */
  unknownSession?: [status: number, message: string];
  /** Answers a request before the server sees it. */
  before?(request: Request): Response | Promise<Response | void> | undefined;
}

export interface RemoteStandIn extends AsyncDisposable {
  url: string;
  /** Every request, in order. */
  requests: { method: string; headers: Headers; body: string }[];
  /** Lets all calls of `wait` answer. */
  release(): void;
  /** Breaks all open streams: they end, or their connections do. */
  drop(how: "end" | "reset"): void;
  /** Tells every session that the tools have changed. */
  announce(): Promise<void>;
  forget(): void;
  stop(): Promise<void>;
  start(): void;
}

const tools = ["echo", "wait"].map((name) => ({ name, inputSchema: { type: "object" } }));

export function remoteStandIn(options: StandInOptions = {}): RemoteStandIn {
  const [status, message] = options.unknownSession ?? [404, "Session not found"];
  const { tls } = options;
  const sessions = new Map<string, { transport: WebStandardStreamableHTTPServerTransport; server: Server }>();
  const requests: RemoteStandIn["requests"] = [];
  const streams = new Set<Breakable>();
  let released = Promise.withResolvers<void>();

  /** `wait` tells in its stream that it waits, then does so until it is released. */
  async function call(name: string, args: unknown, extra: { sendNotification(one: any): Promise<void> }) {
    if (name === "wait") {
      const until = released.promise;
      const params = { level: "info", data: "waiting" };
      await extra.sendNotification({ method: "notifications/message", params });
      await until;
    }
    return { content: [{ type: "text", text: JSON.stringify(args ?? {}) }] };
  }

  async function begin() {
    const server = new Server({ name: "stand-in", version: "1" }, {
      capabilities: { tools: { listChanged: true }, logging: {} },
    });
    server.fallbackRequestHandler = ({ method, params }: any, extra: any) =>
      method === "tools/list"
        ? Promise.resolve({ tools })
        : call(params.name, params.arguments, extra) as any;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
      onsessionclosed: (id) => void sessions.delete(id),
      enableJsonResponse: options.json ?? false,
      retryInterval: 10,
      ...(options.resumable ? { eventStore: new Events() } : {}),
    });
    await server.connect(transport);
    return transport;
  }

  async function serve(request: Request): Promise<Response> {
    const body = request.method === "POST" ? await request.text() : "";
    requests.push({ method: request.method, headers: request.headers, body });
    const early = await options.before?.(request);
    if (early) return early;
    const id = request.headers.get("mcp-session-id");
    const found = id === null ? undefined : sessions.get(id)?.transport;
    if (id !== null && !found) {
      return Response.json({ jsonrpc: "2.0", id: null, error: { code: -32000, message } }, { status });
    }
    const transport = found ?? await begin();
    const { url, method, headers } = request;
    return breakable(
      await transport.handleRequest(new Request(url, { method, headers, body: body || null })),
      streams,
    );
  }

  let server: Deno.HttpServer<Deno.NetAddr>;
  const start = (port = freePort()) => {
    const place = { hostname: "127.0.0.1", port, onListen() {} };
    server = tls === undefined ? Deno.serve(place, serve) : Deno.serve({
      ...place,
      cert: Deno.readTextFileSync(`${tls}/cert.pem`),
      key: Deno.readTextFileSync(`${tls}/key.pem`),
    }, serve);
  };
  start();
  const { port } = server!.addr;
  const drop = (how: "end" | "reset") => {
    for (const stream of streams) stream.end(how);
    streams.clear();
  };
  const stop = async () => {
    drop("end");
    await server.shutdown();
  };
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/mcp`,
    requests,
    release() {
      released.resolve();
      released = Promise.withResolvers();
    },
    drop,
    async announce() {
      for (const { server } of sessions.values()) {
        await server.notification({ method: "notifications/tools/list_changed" });
      }
    },
    forget: () => sessions.clear(),
    stop,
    start: () => start(port),
    async [Symbol.asyncDispose]() {
      released.resolve();
      await stop();
    },
  };
}

interface Breakable {
  end(how: "end" | "reset"): void;
}

/** The response, whose stream is among `streams` as long as it is open. */
function breakable(response: Response, streams: Set<Breakable>): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let one: Breakable;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      one = {
        end(how) {
          reader.cancel().catch(() => {});
          if (how === "reset") controller.error(new Error("reset"));
          else controller.close();
        },
      };
      streams.add(one);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!streams.has(one)) return;
      if (!done) return controller.enqueue(value);
      streams.delete(one);
      controller.close();
    },
    cancel(reason) {
      streams.delete(one);
      return reader.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

class Events implements EventStore {
  readonly #events: { id: string; stream: string; message: any }[] = [];

  storeEvent(stream: string, message: any): Promise<string> {
    const id = `${stream}_${this.#events.length}`;
    this.#events.push({ id, stream, message });
    return Promise.resolve(id);
  }

  async replayEventsAfter(last: string, { send }: { send(id: string, message: any): Promise<void> }) {
    const at = this.#events.findIndex(({ id }) => id === last);
    const { stream } = this.#events[at];
    for (const event of this.#events.slice(at + 1)) {
      if (event.stream === stream) await send(event.id, event.message);
    }
    return stream;
  }
}
