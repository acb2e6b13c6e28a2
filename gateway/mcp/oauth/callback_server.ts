/** Where the browser brings the answer of a login: a server on loopback that lives for one answer. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

export interface CallbackServer {
  redirectUri: string;
  port: number;
  close(): Promise<void>;
}

/** What the person in front of the browser is told. */
export interface CallbackPage {
  ok: boolean;
  text: string;
}

export interface CallbackOptions {
  /** Ports by preference; 0 is any. One that is taken is passed over. */
  ports: number[];
  hostname?: string;
  path?: string;
  /** Only answers with this `state` count, and only the first of them. */
  state: string;
  /** Takes the answer; the page waits for what comes of it. */
  answered(answer: URLSearchParams): Promise<CallbackPage>;
}

/** Throws "conflict" when none of the ports can be had. */
export function startCallback(options: CallbackOptions): CallbackServer {
  const { ports, hostname = "127.0.0.1", path = "/callback" } = options;
  let isAnswered = false;
  const handle = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    if (url.pathname !== path) return page(404, { ok: false, text: "There is nothing here." });
    if (request.method !== "GET") return page(405, { ok: false, text: "This is no answer to a login." });
    if (isAnswered || url.searchParams.get("state") !== options.state) {
      // A page that somebody else had the browser open must neither log in nor end the login that runs.
      return page(400, { ok: false, text: "This is no answer to the login that is waited for." });
    }
    isAnswered = true;
    const shown = await options.answered(url.searchParams);
    return page(shown.ok ? 200 : 400, shown);
  };
  const server = listen(ports, handle);
  const { port } = server.addr;
  return {
    port,
    redirectUri: `http://${hostname}:${port}${path}`,
    close: () => server.shutdown(),
  };
}

type TcpServer = Deno.HttpServer<Deno.NetAddr>;

function listen(ports: number[], handle: (request: Request) => Promise<Response>): TcpServer {
  let failure: unknown;
  for (const port of ports) {
    try {
      return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handle);
    } catch (error) {
      failure = error;
    }
  }
  throw new SkiffError(
    "conflict",
    `The answer of the login cannot be waited for at port ${ports.join(", ")}`,
    {
      hint: "Another program listens there. End it, or set MCP_GATEWAY_OAUTH_PORT to another port.",
      cause: failure,
    },
  );
}

/** The port that the user wants; undefined: any. Throws "invalid_input". */
export function wantedPort(env: { get(name: string): string | undefined }): number | undefined {
  const text = env.get("MCP_GATEWAY_OAUTH_PORT");
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= 65535) return port;
  throw new SkiffError("invalid_input", `MCP_GATEWAY_OAUTH_PORT is no port: ${text}`, {
    hint: "Give one of 1024 to 65535, or leave it out for any.",
  });
}

function page(status: number, { ok, text }: CallbackPage): Response {
  const title = ok ? "Logged in" : "Not logged in";
  const html = `<!doctype html><meta charset="utf-8"><title>${title}</title>` +
    `<body style="font: 16px system-ui; margin: 20vh auto; max-width: 32em"><h1>${title}</h1><p>${
      escaped(text)
    }</p>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      connection: "close",
    },
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
