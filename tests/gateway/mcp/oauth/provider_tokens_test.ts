/** Servers that get a provider's token as a secret, in a variable. */
import assert from "node:assert/strict";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { loadConfiguration } from "../../../../gateway/mcp/configuration/configuration.ts";
import { serverNeeds } from "../../../../gateway/mcp/configuration/server_state.ts";
import { beginAuthorization } from "../../../../gateway/mcp/oauth/authorization.ts";
import type { Login } from "../../../../gateway/mcp/oauth/login.ts";
import { bindRules } from "../../../../gateway/mcp/servers/bind_rules.ts";
import { serverSpec } from "../../../../gateway/mcp/servers/launch.ts";
import { endsSoon, standIn } from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { oauthHome } from "../../../support/mcp/oauth_home.ts";

const hub: ServerEntry = {
  name: "hub",
  image: "example/hub",
  secrets: [{ name: "hub.token", env: "HUB_TOKEN" }],
  oauth: { providers: [{ provider: "hubby", secret: "hub.token", env: "HUB_TOKEN" }] },
};
const bare: ServerEntry = { ...hub, secrets: undefined };

const later = Date.now() + 3_600_000;
const login = (fields: Partial<Login>) => JSON.stringify({ id: "1", access_token: "of-login", ...fields });

interface Case {
  entry?: ServerEntry;
  secrets: Record<string, string>;
  env: string[];
  oauth: "done" | "required";
}

const cases: Record<string, Case> = {
  "no token": { secrets: {}, env: ["HUB_TOKEN=<UNKNOWN>"], oauth: "required" },
  "a plain secret": { secrets: { "hub.token": "plain" }, env: ["HUB_TOKEN=plain"], oauth: "done" },
  "a provider's token as text": {
    secrets: { "oauth/hubby": "given\n" },
    env: ["HUB_TOKEN=given"],
    oauth: "done",
  },
  "a login, and a plain secret": {
    secrets: { "hub.token": "plain", "oauth/hubby": login({ expires_at: later }) },
    env: ["HUB_TOKEN=of-login"],
    oauth: "done",
  },
  "a login that has ended, and a plain secret": {
    secrets: { "hub.token": "plain", "oauth/hubby": login({ expires_at: 1 }) },
    env: ["HUB_TOKEN=plain"],
    oauth: "done",
  },
  "a login that has ended": {
    secrets: { "oauth/hubby": login({ expires_at: 1 }) },
    env: ["HUB_TOKEN=<UNKNOWN>"],
    oauth: "required",
  },
  "a login that is for a remote server": {
    secrets: { "oauth/hubby": login({ server: "https://hub.example/mcp" }) },
    env: ["HUB_TOKEN=<UNKNOWN>"],
    oauth: "required",
  },
  "a login, where the entry names the variable with the provider alone": {
    entry: bare,
    secrets: { "oauth/hubby": login({}) },
    env: ["HUB_TOKEN=of-login"],
    oauth: "done",
  },
  "a plain secret, where the entry names it with the provider alone": {
    entry: bare,
    secrets: { "hub.token": "plain" },
    env: ["HUB_TOKEN=plain"],
    oauth: "done",
  },
};

for (const [name, { entry = hub, secrets, env, oauth }] of Object.entries(cases)) {
  Deno.test(`what a server gets with ${name}`, async () => {
    await using home = await oauthHome([entry], { secrets });
    const { servers, secrets: sources } = await loadConfiguration({ env: home.env, cwd: home.home });
    const spec = await serverSpec(servers[0], {
      env: home.env,
      binds: bindRules(home.env),
      isStatic: false,
      log() {},
    });
    assert.ok(spec.kind === "container");
    assert.deepEqual(spec.env, env);
    assert.equal((await serverNeeds(entry, {}, sources)).oauth, oauth);
  });
}

Deno.test("a provider's login that has ended for good is told, with what to do", async () => {
  await using provider = standIn();
  const client = { client_id: "given-client", client_secret: "given-secret" };
  await using home = await oauthHome([hub], {
    secrets: {
      "oauth-client/hubby": JSON.stringify({ ...client, authorization_server: provider.issuer }),
      "oauth/hubby": login({
        expires_at: Date.now() + endsSoon * 1000,
        refresh_token: "spent",
        token_endpoint: `${provider.issuer}/token`,
        authorization_server: provider.issuer,
        client_id: client.client_id,
      }),
    },
  });
  await using gateway = await home.gateway();
  await gateway.line(/^! the login of hubby has ended\. Log in: `skiff mcp oauth authorize hubby`\.$/);
});

Deno.test("a provider whose authorization server the user names is logged in to, refreshed, and its servers with it", async () => {
  await using provider = standIn({ expiresIn: endsSoon });
  const client = {
    client_id: "given-client",
    client_secret: "given-secret",
    authorization_server: provider.issuer,
  };
  await using home = await oauthHome([hub], { secrets: { "oauth-client/hubby": JSON.stringify(client) } });
  const pending = await beginAuthorization({ name: "hubby", title: "hubby" }, home.parts, {
    scopes: ["repo"],
  });
  assert.equal(new URL(pending.url).searchParams.has("resource"), false);
  await browse(pending.url);
  const { access_token } = await pending.done;
  await using gateway = await home.gateway();
  const tokenNow = () => gateway.assembled.configuration().servers[0].secrets.get("hub.token");
  assert.equal(tokenNow(), access_token);
  await gateway.line(/^> Configuration reloaded/);
  assert.notEqual(tokenNow(), access_token);
  assert.match(tokenNow()!, /^access-/);
});
