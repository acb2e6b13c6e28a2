/** Logging in through a browser: what is discovered, which client is used, what is kept. */
import assert from "node:assert/strict";
import {
  type AuthorizationOptions,
  beginAuthorization,
} from "../../../../gateway/mcp/oauth/authorization.ts";
import type { OAuthApp } from "../../../../gateway/mcp/oauth/oauth_app.ts";
import { freePort } from "../../../support/executable.ts";
import { type Json, standIn, type StandInOptions } from "../../../support/mcp/authorization_server.ts";
import { oauthHome } from "../../../support/mcp/oauth_home.ts";
import { type HomeOptions, logIn, statusOf, withIss, withServer } from "./logging_in.ts";

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
        "oauth-client/notes": JSON.stringify({
          client_id: "given-client",
          authorization_server: "https://evil.example",
        }),
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

Deno.test("the secret of a given client does not go where a server points to later", async () => {
  await using other = standIn();
  let moved = false;
  const resource = (m: Json) => moved ? { ...m, authorization_servers: [other.issuer] } : m;
  await withServer({ resource }, async (_, home, app) => {
    await logIn(app, home);
    moved = true;
    await assert.rejects(beginAuthorization(app, home.parts), {
      code: "forbidden",
      message: /notes wants tokens of .*, and its client was used with/,
    });
    assert.ok(other.seen.every(({ path }) => path.startsWith("/.well-known/")));
    // Once the login is revoked it may.
    await home.parts.vault.dropRegisteredClient("notes");
    await logIn(app, home);
  }, { secrets: { "oauth-client/notes": given } });
});

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
  const port = freePort();
  const taken = Deno.listen({ hostname: "127.0.0.1", port });
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
