/** Servers that somebody else runs, over streamable HTTP or the older SSE. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import type { Fetch } from "../oauth/oauth_fetch.ts";
import type { Transport } from "../sdk.ts";
import { SSEClientTransport, StreamableHTTPClientTransport, StreamableHTTPError } from "../sdk_http.ts";
import { connectClient } from "./connect_client.ts";
import { guardUrl, type RemoteGuard } from "./remote_guard.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { RemoteSpec } from "./server_spec.ts";

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
    return await fetch(to, init);
  };
  const fetchAuthorized = settings.oauth?.(spec)(fetchGuarded) ?? fetchGuarded;
  const common = { requestInit: { headers: spec.headers }, fetch: keepingRefusal(fetchAuthorized, spec) };
  const streamable = () => new StreamableHTTPClientTransport(url, common) as Transport;
  const sse = () => new SSEClientTransport(url, common) as Transport;
  if (spec.transport === "sse") return await connect(spec, sse(), options);
  try {
    return await connect(spec, streamable(), options);
  } catch (error) {
    // A server of the older kind does not know POST at its place.
    if (spec.transport === "streamable" || !isUnknownThere(error)) throw error;
    return await connect(spec, sse(), options);
  }
}

async function connect(
  spec: RemoteSpec,
  transport: Transport,
  options: OpenServerOptions,
): Promise<ServerConnection> {
  const closed = Promise.withResolvers<string>();
  const client = await connectClient(transport, options).catch((error) => {
    throw refusals.get(spec) ?? (isUnauthorized(error) ? unauthorized(spec, error) : error);
  });
  client.onclose = () => closed.resolve("its connection closed");
  return {
    server: spec.server,
    kind: "remote",
    client,
    closed: closed.promise,
    async close() {
      if (transport instanceof StreamableHTTPClientTransport) {
        await transport.terminateSession().catch(() => {}); // the server forgets it in time
      }
      await client.close();
    },
  };
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
  const cause = error instanceof SkiffError ? error.cause : error;
  return cause instanceof StreamableHTTPError && [400, 404, 405].includes(cause.code ?? 0);
}

function isUnauthorized(error: unknown): boolean {
  const cause = error instanceof SkiffError ? error.cause : error;
  if (cause instanceof StreamableHTTPError && cause.code === 401) return true;
  return cause instanceof Error &&
    (cause.constructor.name === "UnauthorizedError" || /\b401\b/.test(cause.message));
}

function unauthorized({ server }: RemoteSpec, cause: unknown): SkiffError {
  const { name } = server.entry;
  return new SkiffError("unauthorized", `${name} wants a login`, {
    hint: `Log in: \`skiff mcp oauth authorize ${name}\`.`,
    cause,
  });
}
