/** What is allowed of places: TLS everywhere, and where metadata is looked for. */
import assert from "node:assert/strict";
import { bearerChallenge } from "../../../../gateway/mcp/oauth/challenge.ts";
import { discover } from "../../../../gateway/mcp/oauth/discovery.ts";
import { authorizeCommand } from "../../../../gateway/mcp/oauth/login_required.ts";
import { outsideText } from "../../../../gateway/mcp/oauth/outside_text.ts";
import { browserCommand, openBrowser } from "../../../../gateway/mcp/oauth/open_browser.ts";

const server = "https://mcp.example/v1/mcp";
const issuer = "https://login.example/tenant";
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: "https://tokens.example/token",
  response_types_supported: ["code"],
  code_challenge_methods_supported: ["S256"],
};
const resource = { resource: server, authorization_servers: [issuer] };
const own = "https://mcp.example/.well-known/oauth-protected-resource/v1/mcp";
const theirs = "https://login.example/.well-known/oauth-authorization-server/tenant";

/** Answers of a world with these documents, and what was asked. */
function world(documents: Record<string, unknown>) {
  const asked: string[] = [];
  const fetch = (to: string | URL) => {
    asked.push(String(to));
    const found = documents[String(to)];
    return Promise.resolve(found === undefined ? new Response(null, { status: 404 }) : Response.json(found));
  };
  return { asked, fetch };
}

Deno.test("metadata is looked for in the standards' order, and nowhere else", async () => {
  const { asked, fetch } = world({});
  await assert.rejects(
    discover("https://mcp.example/v1/mcp?tenant=a", {
      fetch,
      insecure: false,
      interactive: true,
      challenge: {},
    })
      .then(({ metadata }) => assert.ok(metadata)),
  );
  assert.deepEqual(asked, [
    `${own}?tenant=a`,
    "https://mcp.example/.well-known/oauth-protected-resource",
    "https://mcp.example/.well-known/oauth-authorization-server",
    "https://mcp.example/.well-known/openid-configuration",
  ]);
  const described = world({ [own]: resource });
  await assert.rejects(
    discover(server, { fetch: described.fetch, insecure: false, interactive: true }),
    { code: "not_found", message: /does not describe itself/ },
  );
  assert.deepEqual(described.asked, [
    own,
    theirs,
    "https://login.example/.well-known/openid-configuration/tenant",
    "https://login.example/tenant/.well-known/openid-configuration",
  ]);
});

const cases: { name: string; change: Record<string, unknown>; error?: RegExp; insecure?: boolean }[] = [
  { name: "endpoints of other origins than the issuer's", change: {} },
  {
    name: "http at the authorization endpoint",
    change: { authorization_endpoint: "http://login.example/a" },
    error: /authorization endpoint/,
  },
  {
    name: "http at the token endpoint",
    change: { token_endpoint: "http://tokens.example/token" },
    error: /token endpoint/,
  },
  {
    name: "http at the registration endpoint",
    change: { registration_endpoint: "http://login.example/r" },
    error: /registration endpoint/,
  },
  {
    name: "http at the revocation endpoint",
    change: { revocation_endpoint: "http://login.example/r" },
    error: /revocation endpoint/,
  },
  {
    name: "http, allowed by the user",
    change: { token_endpoint: "http://tokens.example/token" },
    insecure: true,
  },
  { name: "a script", change: { authorization_endpoint: "javascript:alert(1)" }, error: /no metadata/ },
  { name: "no URL", change: { token_endpoint: "token" }, error: /no metadata/ },
];

for (const { name, change, error, insecure = false } of cases) {
  Deno.test(`metadata with ${name} is ${error ? "refused" : "taken"}`, async () => {
    const { fetch } = world({ [own]: resource, [theirs]: { ...metadata, ...change } });
    const found = discover(server, { fetch, insecure, interactive: true });
    if (error) await assert.rejects(found, { name: "SkiffError", message: error });
    else assert.equal((await found).resource, server);
  });
}

const challenges: [string, ReturnType<typeof bearerChallenge>][] = [
  ["", {}],
  ["Basic realm=x", {}],
  ["Bearer", {}],
  ["bearer scope=read", { scope: "read" }],
  [`Bearer error="insufficient_scope", scope="a b"`, { error: "insufficient_scope", scope: "a b" }],
  [`Bearer realm="say \\"hi\\", error=no", error=invalid_token`, { error: "invalid_token" }],
  [`Basic realm="a, Bearer b", Bearer resource_metadata="https://a/b?c=d"`, {
    resourceMetadata: "https://a/b?c=d",
  }],
  [`Bearer scope="a", Basic realm="b", error="c"`, { scope: "a" }],
  [`Bearer scope="`, {}],
];

for (const [header, expected] of challenges) {
  Deno.test(`the challenge of ${JSON.stringify(header)}`, () => {
    const response = new Response(null, {
      status: 401,
      headers: header ? { "www-authenticate": header } : {},
    });
    const { error, scope, resourceMetadata } = bearerChallenge(response);
    const found = Object.fromEntries(
      Object.entries({ error, scope, resourceMetadata }).filter(([, value]) => value !== undefined),
    );
    assert.deepEqual(found, expected);
  });
}

Deno.test("a browser is opened without a shell, and only for pages", async () => {
  const url = "https://login.example/?a=1&b=%20";
  assert.deepEqual(browserCommand(url, "linux"), ["xdg-open", url]);
  assert.deepEqual(browserCommand(url, "darwin"), ["open", url]);
  assert.deepEqual(browserCommand(url, "windows"), ["rundll32", "url.dll,FileProtocolHandler", url]);
  assert.equal(await openBrowser("file:///etc/passwd"), false);
});

const commands: [scope: string | undefined, command: string][] = [
  [undefined, "skiff mcp oauth authorize notes"],
  ["read notes:write", `skiff mcp oauth authorize notes --scopes "read notes:write"`],
  ["read $(reboot)", "skiff mcp oauth authorize notes"],
  ['a";reboot;"', "skiff mcp oauth authorize notes"],
  ["`reboot`", "skiff mcp oauth authorize notes"],
];

for (const [scope, command] of commands) {
  Deno.test(`a command that a server's scope ${scope} is part of is safe to type`, () => {
    const challenge = { error: "insufficient_scope", scope };
    assert.equal(authorizeCommand({ name: "notes", title: "notes" }, challenge), command);
  });
}

Deno.test("what servers write is one short line without control characters", () => {
  assert.equal(outsideText("a\u001b[31mb\r\nc\u202ed "), "a [31mb c d");
  assert.equal(outsideText("x".repeat(300)).length, 201);
});
