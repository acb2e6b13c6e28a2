/**
 * A stand-in for somebody's MCP server behind a login, and for the authorization server that gives its tokens:
 * RFC 9728, 8414, 7591, 7009, 9207, PKCE, rotation of refresh tokens. Each on a port of its own. It holds to the
 * standards unless an option has it do otherwise.
 */
import { createHash } from "node:crypto";
import { expiryMarginMs } from "../../../gateway/mcp/oauth/login.ts";

/** Seconds for `expiresIn`: tokens that are refreshed before each use, and good as long as such ones can be. */
export const endsSoon = expiryMarginMs / 1000 - 1;

export interface StandInOptions {
  /** Path of the issuer, like "/tenant". */
  issuerPath?: string;
  /** Where its metadata is; default: RFC 8414's place. */
  metadataAt?: string;
  /** Changes its metadata; undefined: there is none. */
  metadata?(metadata: Json): unknown;
  /** Where the MCP server describes itself; null: nowhere. Default: RFC 9728's place. */
  resourceAt?: string | null;
  resource?(metadata: Json): unknown;
  /** The challenge of a 401. */
  challenge?(standard: string): string;
  /** Seconds that access tokens are good for. */
  expiresIn?: number;
  /** A used refresh token is good once more (as after an answer that was lost). */
  grace?: boolean;
  /** The MCP server speaks the older SSE. */
  sse?: boolean;
  /** Scopes that tools/call needs. */
  callScope?: string;
  /** In place of a request's answer; undefined: the ordinary one. */
  answer?(request: Request, seen: SeenRequest): Response | undefined | Promise<Response | undefined>;
  /** After the authorization server has done it, before it answers. */
  issued?(seen: SeenRequest): Response | undefined | Promise<Response | undefined>;
  /** Changes where the browser is sent. */
  redirect?(target: URL): URL;
}

export type Json = Record<string, any>;

export interface SeenRequest {
  server: "mcp" | "authorization";
  method: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  body: string;
  headers: Headers;
}

interface Grant {
  client: string;
  challenge?: string;
  redirectUri: string;
  resource?: string;
  scope: string;
  family: string;
}

interface Token extends Grant {
  expiresAt: number;
}

export interface StandIn extends AsyncDisposable {
  /** The MCP server's address. */
  url: string;
  issuer: string;
  seen: SeenRequest[];
  /** Requests whose path ends so. */
  requests(path: string): SeenRequest[];
  /** The calls of the tool `work` that are not answered yet, and their end. */
  calls: { started: Promise<void>; finish(): void };
  /** Tokens are not good any longer; `refresh` too. */
  expire(options?: { refresh?: boolean }): void;
  clients: Map<string, Json>;
}

export function standIn(options: StandInOptions = {}): StandIn {
  const seen: SeenRequest[] = [];
  const clients = new Map<string, Json>([["given-client", { client_secret: "given-secret" }]]);
  const codes = new Map<string, Grant>();
  const access = new Map<string, Token>();
  const refresh = new Map<string, Grant>();
  const spent = new Map<string, Grant>();
  const encoder = new TextEncoder();
  let events: ReadableStreamDefaultController<Uint8Array> | undefined;
  const started = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const { issuerPath = "", expiresIn = 3600 } = options;

  const serve = (server: SeenRequest["server"], handle: (one: SeenRequest) => Response | Promise<Response>) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const url = new URL(request.url);
      const body = await request.clone().text();
      const one: SeenRequest = {
        server,
        method: request.method,
        path: url.pathname,
        query: url.searchParams,
        form: new URLSearchParams(body),
        body,
        headers: request.headers,
      };
      seen.push(one);
      return await options.answer?.(request, one) ?? await handle(one);
    });
  const authorization = serve("authorization", (one) => answerAuthorization(one));
  const mcp = serve("mcp", (one) => answerMcp(one));
  const origin = `http://127.0.0.1:${authorization.addr.port}`;
  const issuer = `${origin}${issuerPath}`;
  const home = `http://127.0.0.1:${mcp.addr.port}`;
  const url = `${home}/mcp`;

  async function answerAuthorization(one: SeenRequest): Promise<Response> {
    const { path } = one;
    const metadataAt = options.metadataAt ?? `/.well-known/oauth-authorization-server${issuerPath}`;
    if (path === metadataAt) {
      const metadata = options.metadata ? options.metadata(issuerMetadata()) : issuerMetadata();
      return metadata === undefined ? notFound() : asJson(metadata);
    }
    if (path === `${issuerPath}/register`) return register(one);
    if (path === `${issuerPath}/authorize`) return authorize(one);
    if (path === `${issuerPath}/token`) return await token(one);
    if (path === `${issuerPath}/revoke`) return revoke(one);
    return notFound();
  }

  function issuerMetadata(): Json {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  function register({ body }: SeenRequest): Response {
    const id = `client-${clients.size}`;
    const metadata = JSON.parse(body);
    clients.set(id, metadata);
    return asJson({ ...metadata, client_id: id }, 201);
  }

  function authorize({ query }: SeenRequest): Response {
    const client = query.get("client_id")!;
    if (!clients.has(client) && !client.startsWith("https://")) return new Response("Who?", { status: 400 });
    const code = crypto.randomUUID();
    codes.set(code, {
      client,
      challenge: query.get("code_challenge") ?? undefined,
      redirectUri: query.get("redirect_uri")!,
      resource: query.get("resource") ?? undefined,
      scope: query.get("scope") ?? "",
      family: crypto.randomUUID(),
    });
    const target = new URL(query.get("redirect_uri")!);
    target.searchParams.set("code", code);
    target.searchParams.set("state", query.get("state")!);
    target.searchParams.set("iss", issuer);
    return Response.redirect(options.redirect?.(target) ?? target, 302);
  }

  async function token(one: SeenRequest): Promise<Response> {
    const { form } = one;
    const grant = form.get("grant_type") === "refresh_token" ? refreshed(form) : redeemed(form);
    if (typeof grant === "string") return asJson({ error: grant, error_description: `no ${grant}` }, 400);
    const [accessToken, refreshToken] = [`access-${crypto.randomUUID()}`, `refresh-${crypto.randomUUID()}`];
    access.set(accessToken, { ...grant, expiresAt: Date.now() + expiresIn * 1000 });
    refresh.set(refreshToken, grant);
    return await options.issued?.(one) ?? asJson({
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: expiresIn,
      refresh_token: refreshToken,
      ...(grant.scope ? { scope: grant.scope } : {}),
    });
  }

  function redeemed(form: URLSearchParams): Grant | string {
    const grant = codes.get(form.get("code")!);
    codes.delete(form.get("code")!);
    if (!grant || form.get("redirect_uri") !== grant.redirectUri) return "invalid_grant";
    const digest = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (digest !== grant.challenge) return "invalid_grant";
    return form.get("resource") === (grant.resource ?? null) ? grant : "invalid_target";
  }

  function refreshed(form: URLSearchParams): Grant | string {
    const text = form.get("refresh_token")!;
    const grant = refresh.get(text);
    refresh.delete(text);
    if (grant) {
      spent.set(text, grant);
      return grant;
    }
    const used = spent.get(text);
    if (used && options.grace) return used;
    // Somebody has a copy: all of that login ends.
    for (const tokens of [access, refresh]) {
      for (const [key, { family }] of tokens) if (family === used?.family) tokens.delete(key);
    }
    return "invalid_grant";
  }

  function revoke({ form }: SeenRequest): Response {
    access.delete(form.get("token")!);
    refresh.delete(form.get("token")!);
    return new Response();
  }

  async function answerMcp(one: SeenRequest): Promise<Response> {
    const resourceAt = options.resourceAt === undefined
      ? "/.well-known/oauth-protected-resource/mcp"
      : options.resourceAt;
    if (one.path === resourceAt) {
      const metadata = { resource: url, authorization_servers: [issuer], scopes_supported: ["read"] };
      return asJson(options.resource ? options.resource(metadata) : metadata);
    }
    if (one.path !== "/mcp" && one.path !== "/message") return notFound();
    const bearer = one.headers.get("authorization")?.replace(/^Bearer /, "");
    const held = access.get(bearer ?? "");
    const isGood = held && held.expiresAt > Date.now() && (held.resource === url || held.resource === home);
    if (!isGood) {
      const named = resourceAt === null ? "" : ` resource_metadata="${home}${resourceAt}"`;
      const standard = `Bearer${named || ' realm="mcp"'}`;
      const challenge = options.challenge?.(standard) ?? standard;
      return new Response("Unauthorized", { status: 401, headers: { "www-authenticate": challenge } });
    }
    if (options.sse && one.method === "GET") return stream();
    if (one.method !== "POST" || (options.sse && one.path === "/mcp")) {
      return new Response(null, { status: 405 });
    }
    if (options.sse) {
      const answer = await rpc(JSON.parse(one.body), held);
      if (answer.status !== 200) return answer;
      events?.enqueue(encoder.encode(`event: message\ndata: ${await answer.text()}\n\n`));
      return new Response(null, { status: 202 });
    }
    return await rpc(JSON.parse(one.body), held);
  }

  function stream(): Response {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        events = controller;
        controller.enqueue(encoder.encode("event: endpoint\ndata: /message\n\n"));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  async function rpc({ id, method, params }: Json, held: Token): Promise<Response> {
    if (id === undefined) return new Response(null, { status: 202 });
    const results: Record<string, () => unknown> = {
      initialize: () => ({
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "stand-in", version: "1" },
      }),
      "tools/list": () => ({
        tools: ["whoami", "work"].map((name) => ({ name, inputSchema: { type: "object" } })),
      }),
    };
    if (method === "tools/call") {
      const { callScope } = options;
      if (callScope && !held.scope.split(" ").includes(callScope)) {
        const challenge = `Bearer error="insufficient_scope", scope="${callScope}"`;
        return new Response("Forbidden", { status: 403, headers: { "www-authenticate": challenge } });
      }
      if (params.name === "work") {
        started.resolve();
        await finished.promise;
      }
      return asJson({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: held.client }] } });
    }
    const result = results[method]?.();
    return asJson(
      result === undefined
        ? { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } }
        : { jsonrpc: "2.0", id, result },
    );
  }

  return {
    url,
    issuer,
    seen,
    clients,
    requests: (path) => seen.filter((one) => one.path.endsWith(path)),
    calls: { started: started.promise, finish: finished.resolve },
    expire({ refresh: all = false } = {}) {
      access.clear();
      if (all) refresh.clear();
    },
    async [Symbol.asyncDispose]() {
      finished.resolve();
      await Promise.all([authorization.shutdown(), mcp.shutdown()]);
    },
  };
}

function asJson(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

function notFound(): Response {
  return new Response("Not found", { status: 404 });
}
