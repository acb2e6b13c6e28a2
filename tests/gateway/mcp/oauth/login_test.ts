/** Logging in through a browser: what is discovered, what is refused, what is kept. */
import assert from "node:assert/strict";
import {
  type AuthorizationOptions,
  beginAuthorization,
} from "../../../../gateway/mcp/oauth/authorization.ts";
import { authorizedFetch } from "../../../../gateway/mcp/oauth/authorized_fetch.ts";
import type { Login } from "../../../../gateway/mcp/oauth/login.ts";
import type { OAuthApp } from "../../../../gateway/mcp/oauth/oauth_app.ts";
import { TokenKeeper } from "../../../../gateway/mcp/oauth/token_keeper.ts";
import {
  type Json,
  type StandIn,
  standIn,
  type StandInOptions,
} from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { type OAuthHome, oauthHome } from "../../../support/mcp/oauth_home.ts";

type HomeOptions = Parameters<typeof oauthHome>[1];

async function withServer(
  options: StandInOptions,
  fn: (server: StandIn, home: OAuthHome, app: OAuthApp) => Promise<void>,
  homeOptions: HomeOptions = {},
): Promise<void> {
  await using server = standIn(options);
  await using home = await oauthHome([], homeOptions);
  await fn(server, home, { name: "notes", title: "notes", url: server.url });
}

/** A login by somebody who agrees to everything, and the page that they see at last. */
async function logIn(
  app: OAuthApp,
  { parts }: OAuthHome,
  options: AuthorizationOptions = {},
): Promise<{ login: Login; page: string; url: URL }> {
  const pending = await beginAuthorization(app, parts, options);
  const page = await browse(pending.url);
  return { login: await pending.done, page: page.text, url: new URL(pending.url) };
}

/** The status that the MCP server answers to a request with the login. */
async function statusOf(app: OAuthApp, { parts }: OAuthHome): Promise<number> {
  const keeper = new TokenKeeper(parts, () => {});
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await authorizedFetch(app, keeper, fetch)(app.url!, { method: "POST", body });
  await response.body?.cancel();
  return response.status;
}

const described = "/.well-known/oauth-protected-resource";
const oidc = (metadata: Json) => ({
  ...metadata,
  jwks_uri: `${metadata.issuer}/jwks`,
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
});

const places: Record<string, StandInOptions> = {
  "both at the standard's places": {},
  "the server's at its root": {
    resourceAt: described,
    resource: (m) => ({ ...m, resource: new URL(m.resource).origin }),
  },
  "the server's at a place that the challenge names": { resourceAt: "/about.json" },
  "not named by the challenge": { challenge: () => "Bearer" },
  "a challenge of several schemes": {
    challenge: (standard) => `Basic realm="a, b", ${standard}, error="invalid_token"`,
  },
  "an issuer with a path": { issuerPath: "/tenant" },
  "OpenID Connect": { metadataAt: "/.well-known/openid-configuration", metadata: oidc },
  "OpenID Connect before the path": {
    issuerPath: "/tenant",
    metadataAt: "/.well-known/openid-configuration/tenant",
    metadata: oidc,
  },
  "OpenID Connect behind the path": {
    issuerPath: "/tenant",
    metadataAt: "/tenant/.well-known/openid-configuration",
    metadata: oidc,
  },
  "an issuer whose metadata has a slash at its end": {
    metadata: (m) => ({ ...m, issuer: `${m.issuer}/` }),
    redirect: withIss((iss) => `${iss}/`),
  },
  "an answer without iss, where none is promised": {
    metadata: ({ authorization_response_iss_parameter_supported: _, ...m }) => m,
    redirect: withIss(() => undefined),
  },
  "a redirect within the origin": {
    metadataAt: "/moved",
    answer: (_, { path }) =>
      path === "/.well-known/oauth-authorization-server"
        ? new Response(null, { status: 307, headers: { location: "/moved" } })
        : undefined,
  },
  "several authorization servers": {
    resource: (m) => ({ ...m, authorization_servers: [...m.authorization_servers, "https://other.example"] }),
  },
};

function withIss(change: (iss: string) => string | undefined): (target: URL) => URL {
  return (target) => {
    const iss = change(target.searchParams.get("iss")!);
    if (iss === undefined) target.searchParams.delete("iss");
    else target.searchParams.set("iss", iss);
    return target;
  };
}

for (const [name, options] of Object.entries(places)) {
  Deno.test(`a server lets in who has logged in; metadata: ${name}`, async () => {
    await withServer(options, async (server, home, app) => {
      await assert.rejects(statusOf(app, home), { code: "unauthorized", hint: /mcp oauth authorize notes/ });
      const { login, page, url } = await logIn(app, home);
      assert.match(page, /<h1>Logged in<\/h1>/);
      assert.equal(await statusOf(app, home), 200);
      // PKCE, a state, and the server that the token is for, in both requests (RFC 7636, RFC 8707).
      assert.equal(url.searchParams.get("code_challenge_method"), "S256");
      assert.match(url.searchParams.get("state")!, /^[\w-]{43}$/);
      const resource = url.searchParams.get("resource");
      assert.equal(resource, login.resource);
      assert.equal(server.requests("/token")[0].form.get("resource"), resource);
      assert.match(url.searchParams.get("redirect_uri")!, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      assert.ok(server.seen.every(({ query }) => !query.has("access_token")));
    });
  });
}

const evil = "https://evil.example";
interface Refusal {
  options: StandInOptions;
  error: RegExp;
  /** Of the authorization server; none of them was reached. Default: its token endpoint. */
  untouched?: string;
}

const refusals: Record<string, Refusal> = {
  "a server that says it is another": {
    options: { resource: (m) => ({ ...m, resource: `${evil}/mcp` }) },
    error: /says that it is https:\/\/evil\.example\/mcp/,
    untouched: "/authorize",
  },
  "a server that says it is another path": {
    options: { resource: (m) => ({ ...m, resource: `${m.resource}/more` }) },
    error: /says that it is .*\/mcp\/more/,
    untouched: "/authorize",
  },
  "an authorization server that says it is another (mix-up)": {
    options: { metadata: (m) => ({ ...m, issuer: evil }) },
    error: /says that it is https:\/\/evil\.example/,
    untouched: "/register",
  },
  "an answer of another authorization server (mix-up)": {
    options: { redirect: withIss(() => evil) },
    error: /The answer is of https:\/\/evil\.example, not of/,
  },
  "an answer that does not say whose it is, although that was promised": {
    options: { redirect: withIss(() => undefined) },
    error: /The answer is of nobody/,
  },
  "an issuer's name that only looks the same": {
    options: { redirect: withIss((iss) => iss.toUpperCase()) },
    error: /not of/,
  },
  "no PKCE": {
    options: { metadata: ({ code_challenge_methods_supported: _, ...m }) => m },
    error: /does not support PKCE with S256/,
    untouched: "/register",
  },
  "only the plain kind of PKCE": {
    options: { metadata: (m) => ({ ...m, code_challenge_methods_supported: ["plain"] }) },
    error: /does not support PKCE with S256/,
    untouched: "/register",
  },
  "an endpoint that runs a program": {
    options: { metadata: (m) => ({ ...m, authorization_endpoint: "file:///bin/sh" }) },
    error: /authorization endpoint of .* is not https: file:/,
    untouched: "/register",
  },
  "an endpoint with a login in it": {
    options: { metadata: (m) => ({ ...m, token_endpoint: m.token_endpoint.replace("//", "//a:b@") }) },
    error: /token endpoint of .* is not https/,
    untouched: "/register",
  },
  "metadata that another origin gives": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server")
          ? new Response(null, { status: 302, headers: { location: `${evil}/metadata` } })
          : undefined,
    },
    error: /does not describe itself/,
    untouched: "/register",
  },
  "redirects in circles": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server")
          ? new Response(null, { status: 302, headers: { location: path } })
          : undefined,
    },
    error: /redirects in circles/,
    untouched: "/register",
  },
  "an answer without end": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server") ? new Response(endless()) : undefined,
    },
    error: /answers more than 1048576 bytes/,
    untouched: "/register",
  },
  "metadata that is none": {
    options: { metadata: () => ({ issuer: 1 }) },
    error: /is no metadata/,
    untouched: "/register",
  },
  "a page in place of metadata": {
    options: {
      answer: (_, { path }) => path.includes("oauth-protected-resource") ? new Response("<html>") : undefined,
    },
    error: /is no metadata/,
    untouched: "/register",
  },
  "a server without an authorization server": {
    options: { resource: ({ authorization_servers: _, ...m }) => m },
    error: /names no authorization server/,
    untouched: "/register",
  },
  "an authorization server that is down": {
    options: {
      answer: (_, { path }) =>
        path.includes("oauth-authorization-server") ? new Response("down", { status: 503 }) : undefined,
    },
    error: /answers 503/,
    untouched: "/register",
  },
  "a response type that it does not have": {
    options: { metadata: (m) => ({ ...m, response_types_supported: ["token"] }) },
    error: /does not support response type code/,
  },
  "a token that is no bearer token": {
    options: { issued: () => Response.json({ access_token: "a", token_type: "DPoP" }) },
    error: /gives tokens of type DPoP/,
  },
  "a token that would break a header": {
    options: { issued: () => Response.json({ access_token: "a\r\nx: y", token_type: "Bearer" }) },
    error: /no header can hold/,
  },
  "an answer that is no token": {
    options: { issued: () => Response.json({ token: "a" }) },
    error: /gives no token for notes: its answer cannot be read/,
  },
  "a code that is not valid": {
    options: { issued: () => Response.json({ error: "invalid_grant" }, { status: 400 }) },
    error: /gives no token for notes: the code or the login is not valid/,
  },
  "a client that it does not know any more": {
    options: {
      issued: () =>
        Response.json({ error: "invalid_client", error_description: "gone\nfor good" }, { status: 401 }),
    },
    error: /it does not know this client, or its secret is wrong \(gone for good\)/,
  },
  "a refusal that says that all is well": {
    options: { issued: () => Response.json({ error: "bad_code", error_description: "no" }) },
    error: /gives no token for notes: bad_code \(no\)/,
  },
  "a token endpoint that fails": {
    options: { issued: () => new Response("<html>secret-of-theirs", { status: 502 }) },
    error: /gives no token for notes: it answers 502$/,
  },
};

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) });
}

for (const [name, { options, error, untouched = "/none" }] of Object.entries(refusals)) {
  Deno.test(`nobody is logged in by ${name}`, async () => {
    await withServer(options, async (server, home, app) => {
      const attempt = async () => {
        const pending = await beginAuthorization(app, home.parts);
        await browse(pending.url);
        await pending.done;
      };
      await assert.rejects(attempt, { name: "SkiffError", message: error });
      assert.deepEqual(server.requests(untouched), []);
      assert.equal(await home.parts.vault.login("notes"), undefined);
    });
  });
}

Deno.test("who describes a server elsewhere has no say", async () => {
  const elsewhere = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    throw new Error("asked");
  });
  const challenge = () => `Bearer resource_metadata="http://127.0.0.1:${elsewhere.addr.port}/metadata"`;
  await withServer({ challenge }, async (_, home, app) => {
    await logIn(app, home);
    assert.equal(await statusOf(app, home), 200);
  });
  await elsewhere.shutdown();
});

Deno.test("places that are not public are not asked unless the user allows it", async () => {
  await withServer({}, async (server, home, app) => {
    await assert.rejects(beginAuthorization(app, home.parts), { code: "forbidden", message: /not https/ });
    assert.deepEqual(server.seen, []);
  }, { variables: { DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS: "" } });
});

Deno.test("a server of 2025-03-26, which describes nothing, is its own authorization server", async () => {
  await using home = await oauthHome([]);
  const tokens = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/register") {
      return Response.json({ client_id: "c", ...await request.json() }, { status: 201 });
    }
    if (pathname === "/authorize") {
      const target = new URL(searchParams.get("redirect_uri")!);
      target.search = new URLSearchParams({ code: "1", state: searchParams.get("state")! }).toString();
      return Response.redirect(target);
    }
    if (pathname === "/token") {
      tokens.add("good");
      return Response.json({ access_token: "good", token_type: "bearer" });
    }
    const isIn = request.headers.get("authorization") === "Bearer good";
    return new Response(null, { status: pathname !== "/mcp" ? 404 : isIn ? 200 : 401 });
  });
  const app = { name: "old", title: "old", url: `http://127.0.0.1:${server.addr.port}/mcp` };
  await logIn(app, home);
  assert.equal(await statusOf(app, home), 200);
  await server.shutdown();
});

Deno.test("a server that asks for no login is told so", async () => {
  await using home = await oauthHome([]);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ method }) => method === "POST" ? Response.json({}) : new Response(null, { status: 404 }),
  );
  const app = { name: "open", title: "open", url: `http://127.0.0.1:${server.addr.port}/mcp` };
  await assert.rejects(beginAuthorization(app, home.parts), { message: "open does not ask for a login" });
  await server.shutdown();
});

const answers: Record<
  string,
  { change(target: URL): void; status: number; waits?: boolean; error?: RegExp }
> = {
  "the person denies": {
    change: ({ searchParams }) => (searchParams.delete("code"), searchParams.set("error", "access_denied")),
    status: 400,
    error: /There is no login for notes: access was denied$/,
  },
  "an error with a description": {
    change: ({ searchParams }) => {
      searchParams.set("error", "invalid_scope");
      searchParams.set("error_description", "<script>no</script>");
    },
    status: 400,
    error: /it does not know one of the scopes, or does not give it \(<script>no<\/script>\)/,
  },
  "no code": { change: ({ searchParams }) => searchParams.delete("code"), status: 400, error: /has no code/ },
  "another state": { change: ({ searchParams }) => searchParams.set("state", "x"), status: 400, waits: true },
  "no state": { change: ({ searchParams }) => searchParams.delete("state"), status: 400, waits: true },
  "another place": { change: (target) => target.pathname = "/elsewhere", status: 404, waits: true },
};

for (const [name, { change, status, waits, error }] of Object.entries(answers)) {
  Deno.test(`an answer of the browser: ${name}`, async () => {
    let isChanged = true;
    const redirect = (target: URL) => (isChanged && change(target), target);
    await withServer({ redirect }, async (_, home, app) => {
      const pending = await beginAuthorization(app, home.parts);
      const page = await browse(pending.url);
      assert.equal(page.status, status);
      assert.doesNotMatch(page.text, /<script>/);
      if (error) await assert.rejects(pending.done, { message: error });
      if (waits) {
        isChanged = false; // whoever it was, the login goes on
        await browse(pending.url);
        await pending.done;
      }
    });
  });
}

Deno.test("an answer counts once", async () => {
  await withServer({}, async (_, home, app) => {
    const pending = await beginAuthorization(app, home.parts);
    const response = await fetch(pending.url, { redirect: "manual" });
    await response.body?.cancel();
    const answer = response.headers.get("location")!;
    const pages = await Promise.all(
      [browse(answer), browse(answer)].map((one) => one.catch(() => ({ status: 0 }))),
    );
    assert.equal(pages.filter(({ status }) => status === 200).length, 1);
    await pending.done;
    await assert.rejects(fetch(answer), TypeError); // nobody listens there any more
  });
});

Deno.test("a login ends by a signal, and by nobody coming", async () => {
  await withServer({}, async (_, home, app) => {
    const ended = new AbortController();
    const pending = await beginAuthorization(app, home.parts, { signal: ended.signal });
    ended.abort();
    await assert.rejects(pending.done, { code: "interrupted" });
    const late = await beginAuthorization(app, home.parts, { timeoutMs: 1 });
    await assert.rejects(late.done, { code: "unauthorized", message: /Nobody logged in/ });
  });
});

Deno.test("what is kept is among the secrets, for the user alone, and marked for gateways that run", async () => {
  await withServer({}, async (server, home, app) => {
    const { login } = await logIn(app, home);
    assert.deepEqual(
      { ...login, id: 0, access_token: 0, refresh_token: 0, expires_at: 0 },
      {
        id: 0,
        access_token: 0,
        refresh_token: 0,
        expires_at: 0,
        scope: "read",
        requested_scope: "read",
        server: server.url,
        resource: server.url,
        authorization_server: server.issuer,
        token_endpoint: `${server.issuer}/token`,
        revocation_endpoint: `${server.issuer}/revoke`,
        token_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
        client_id: "client-1",
      },
    );
    const { secrets } = JSON.parse(await Deno.readTextFile(home.files.secrets));
    assert.deepEqual(Object.keys(secrets), ["oauth-dcr/notes", "oauth/notes"]);
    assert.equal((await Deno.stat(home.files.secrets)).mode! & 0o777, 0o600);
    assert.ok(await Deno.stat(`${home.home}/skiff/state/mcp/logins`));
    const registration = JSON.parse(server.requests("/register")[0].body);
    assert.equal(registration.token_endpoint_auth_method, "none");
    assert.equal(registration.application_type, "native");
    assert.deepEqual(registration.grant_types, ["authorization_code", "refresh_token"]);
    // The same client, at the same place.
    await logIn(app, home);
    assert.equal(server.requests("/register").length, 1);
  });
});

interface Client {
  home: HomeOptions;
  server?: StandInOptions;
  client?: string;
  method?: RegExp;
  error?: RegExp;
  hint?: RegExp;
}

const document = "https://skiff.example/client.json";
const documents = { metadata: (m: Json) => ({ ...m, client_id_metadata_document_supported: true }) };
const given = JSON.stringify({ client_id: "given-client", client_secret: "given-secret" });
const noRegistration: StandInOptions = { metadata: ({ registration_endpoint: _, ...m }) => m };
const clientCases: Record<string, Client> = {
  "given as a secret": {
    home: { secrets: { "oauth-client/notes": given } },
    client: "given-client",
    method: /^Basic /,
  },
  "given before a document": {
    home: {
      secrets: { "oauth-client/notes": "given-client" },
      variables: { SKIFF_OAUTH_CLIENT_METADATA_URL: document },
    },
    server: documents,
    client: "given-client",
  },
  "a document before registration": {
    home: { variables: { SKIFF_OAUTH_CLIENT_METADATA_URL: document } },
    server: documents,
    client: document,
  },
  "registered where documents are not taken": {
    home: { variables: { SKIFF_OAUTH_CLIENT_METADATA_URL: document } },
    client: "client-1",
  },
  "a document at no https address": {
    home: { variables: { SKIFF_OAUTH_CLIENT_METADATA_URL: "http://skiff.example/client.json" } },
    server: documents,
    error: /no https URL/,
  },
  "none, where nobody can register": {
    home: {},
    server: noRegistration,
    error: /There is no OAuth client for notes: .* does not let clients register themselves/,
    hint: /mcp secret set oauth-client\/notes/,
  },
  "none, with registration switched off": {
    home: { features: { "mcp-oauth-dcr": "disabled" } },
    error: /the feature mcp-oauth-dcr is off/,
    hint: /mcp secret set oauth-client\/notes/,
  },
  "none, where registration is refused": {
    home: {},
    server: {
      answer: (_, { path }) =>
        path === "/register" ? Response.json({ error: "invalid_redirect_uri" }, { status: 400 }) : undefined,
    },
    error: /does not register skiff as a client: it does not accept an answer on this machine/,
  },
  "given for another authorization server": {
    home: {
      secrets: {
        "oauth-client/notes": JSON.stringify({ client_id: "given-client", authorization_server: evil }),
      },
    },
    error: /wants tokens of .*, and its client is for https:\/\/evil\.example/,
  },
  "given, and broken": {
    home: { secrets: { "oauth-client/notes": "{broken" } },
    error: /^The secret oauth-client\/notes is no JSON$/,
  },
};

for (
  const [name, { home: homeOptions, server: options = {}, client, method, error, hint }] of Object.entries(
    clientCases,
  )
) {
  Deno.test(`the client is ${name}`, async () => {
    await withServer(options, async (server, home, app) => {
      if (error) {
        await assert.rejects(beginAuthorization(app, home.parts), {
          message: error,
          ...(hint ? { hint } : {}),
        });
        return assert.deepEqual(server.requests("/authorize"), []);
      }
      const { url } = await logIn(app, home);
      assert.equal(url.searchParams.get("client_id"), client);
      if (method) assert.match(server.requests("/token")[0].headers.get("authorization")!, method);
      assert.equal(server.requests("/register").length, client === "client-1" ? 1 : 0);
    }, homeOptions);
  });
}

Deno.test("scopes: the person's > the server's demand > the catalog's > the metadata's", async () => {
  await withServer({ challenge: (standard) => `${standard}, scope="demanded"` }, async (_, home, app) => {
    const scope = async (app: OAuthApp, options: AuthorizationOptions = {}) =>
      (await logIn(app, home, options)).url.searchParams.get("scope");
    const withCatalog = { ...app, scopes: ["listed"] };
    assert.equal(await scope(withCatalog, { scopes: ["mine", "too"] }), "mine too");
    assert.equal(await scope(withCatalog), "demanded");
    assert.equal(await scope(withCatalog, { challenge: {} }), "listed");
    assert.equal(await scope(app, { challenge: {} }), "read");
  });
});

Deno.test("the answer comes to the port that the user wants, or is told that it cannot", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (
    const [text, error] of [
      [String(port), /cannot be waited for at port \d+/],
      ["80", /MCP_GATEWAY_OAUTH_PORT is no port: 80/],
      ["http", /no port/],
    ] as const
  ) {
    await withServer({}, async (_, home, app) => {
      await assert.rejects(beginAuthorization(app, home.parts), { message: error });
    }, { variables: { MCP_GATEWAY_OAUTH_PORT: text } });
  }
  taken.close();
  await withServer({}, async (_, home, app) => {
    const pending = await beginAuthorization(app, home.parts);
    assert.equal(pending.redirectUri, `http://127.0.0.1:${port}/callback`);
    pending.cancel(new Error("enough"));
    await assert.rejects(pending.done);
  }, { variables: { MCP_GATEWAY_OAUTH_PORT: String(port) } });
});
