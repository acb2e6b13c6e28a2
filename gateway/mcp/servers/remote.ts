/** Servers that somebody else runs, over streamable HTTP or the older SSE. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { failureReason, fetchTrusting } from "../../../core/http/trusting_fetch.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import type { Fetch } from "../oauth/oauth_fetch.ts";
import { SseError, StreamableHTTPError } from "../sdk_http.ts";
import { connectClient } from "./connect_client.ts";
import { EventTransport, PostRefused } from "./event_transport.ts";
import { HttpTransport } from "./http_transport.ts";
import { excerpt } from "./line_transport.ts";
import { guardUrl, type RemoteGuard } from "./remote_guard.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { RemoteSpec } from "./server_spec.ts";

/** Characters of what a server says to a refused request, and bytes that they are looked for in. */
const mostWords = 500;
const mostRead = 64 * 1024;

export interface RemoteSettings extends RemoteGuard {
  /** Puts the server's login into requests, which throw `LoginRequired` when there is none. */
  oauth?: (spec: RemoteSpec) => (fetch: Fetch) => Fetch;
}

/** Shakes hands with a remote server. Throws "forbidden" for a place that is not to be reached, "unauthorized". */
export async function openRemote(
  spec: RemoteSpec,
  settings: RemoteSettings,
  options: OpenServerOptions,
): Promise<ServerConnection> {
  const url = await guardUrl(spec.url, settings);
  const fetchGuarded = async (to: string | URL, init?: RequestInit) => {
    await guardUrl(String(to), settings);
    const response = await fetchTrusting(to, init).catch((error) => {
      throw init?.signal?.aborted ? error : unreachable(new URL(to), error);
    });
    return response.status < 400 ? response : await inFewWords(response);
  };
  const fetchAuthorized = settings.oauth?.(spec)(fetchGuarded) ?? fetchGuarded;
  const common = { requestInit: { headers: spec.headers }, fetch: keepingRefusal(fetchAuthorized, spec) };
  const sse = () => new EventTransport(url, common);
  if (spec.transport === "sse") return await connect(spec, sse(), options);
  try {
    return await connect(spec, new HttpTransport(url, common), options);
  } catch (error) {
    // A server of the older kind does not know POST at its place.
    if (spec.transport === "streamable" || !isUnknownThere(error)) throw error;
    return await connect(spec, sse(), options);
  }
}

async function connect(
  spec: RemoteSpec,
  transport: HttpTransport | EventTransport,
  options: OpenServerOptions,
): Promise<ServerConnection> {
  const closed = Promise.withResolvers<string>();
  const client = await connectClient(transport, options).catch((error) => {
    throw refusals.get(spec) ?? (isUnauthorized(error) ? unauthorized(spec, error) : error);
  });
  client.onclose = () => closed.resolve(transport.reason);
  return {
    server: spec.server,
    kind: "remote",
    client,
    closed: closed.promise,
    close: () => client.close(),
  };
}

function unreachable({ host }: URL, error: Error): Error {
  let cause = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  return new Error(`${host} cannot be reached (${failureReason(error) ?? cause.message})`, { cause: error });
}

/** A refusal, whose words become part of a message: of a page of HTML its title is enough. */
async function inFewWords(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const text = new TextDecoder().decode(response.body ? await beginning(response.body) : undefined);
  const isPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1].trim() || statusText;
  const words = isPage ? `a web page, status ${status} ${title}` : text || `status ${status} ${statusText}`;
  return new Response(excerpt(words, mostWords), { status, statusText, headers });
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length >= mostRead) break;
  }
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** What requests of a start were refused with: not every transport hands errors on. */
const refusals = new WeakMap<RemoteSpec, LoginRequired>();

function keepingRefusal(fetch: Fetch, spec: RemoteSpec): Fetch {
  return (to, init) =>
    fetch(to, init).catch((error) => {
      if (error instanceof LoginRequired) refusals.set(spec, error);
      throw error;
    });
}

function isUnknownThere(error: unknown): boolean {
  return [400, 404, 405].includes(statusOf(error) ?? 0);
}

function isUnauthorized(error: unknown): boolean {
  return statusOf(error) === 401;
}

/** What the server answered to a request of its start; undefined when it failed of something else. */
function statusOf(error: unknown): number | undefined {
  const cause = error instanceof SkiffError ? error.cause : error;
  const isAnswer = cause instanceof StreamableHTTPError || cause instanceof SseError ||
    cause instanceof PostRefused;
  return isAnswer ? cause.code : undefined;
}

function unauthorized({ server }: RemoteSpec, cause: unknown): SkiffError {
  const { name } = server.entry;
  return new SkiffError("unauthorized", `${name} wants a login`, {
    hint: `Log in: \`skiff mcp oauth authorize ${name}\`.`,
    cause,
  });
}
