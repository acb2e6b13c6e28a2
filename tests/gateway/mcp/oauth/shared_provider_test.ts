/** Servers that name the same provider, or are called like one: a login is for the one that it was made for. */
import assert from "node:assert/strict";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { loadConfiguration } from "../../../../gateway/mcp/configuration/configuration.ts";
import { serverNeeds } from "../../../../gateway/mcp/configuration/server_state.ts";
import { authorizedFetch } from "../../../../gateway/mcp/oauth/authorized_fetch.ts";
import { appOf, listApps } from "../../../../gateway/mcp/oauth/find_app.ts";
import { remoteApp } from "../../../../gateway/mcp/oauth/oauth_app.ts";
import { revokeLogin } from "../../../../gateway/mcp/oauth/revocation.ts";
import { TokenKeeper } from "../../../../gateway/mcp/oauth/token_keeper.ts";
import { type StandIn, standIn } from "../../../support/mcp/authorization_server.ts";
import { type OAuthHome, oauthHome } from "../../../support/mcp/oauth_home.ts";
import { logIn } from "./logging_in.ts";

const remote = (name: string, url: string): ServerEntry => ({
  name,
  type: "remote",
  remote: { url },
  oauth: { providers: [{ provider: "acme" }] },
});

interface Room {
  home: OAuthHome;
  wiki: StandIn;
  chat: StandIn;
  /** Of the servers wiki and chat, with one keeper as a gateway has it. */
  status(name: "wiki" | "chat"): Promise<number>;
  app(name: "wiki" | "chat"): ReturnType<typeof remoteApp>;
}

async function withTwo(
  fn: (room: Room) => Promise<void>,
  options: Parameters<typeof oauthHome>[1] = {},
  further: ServerEntry[] = [],
): Promise<void> {
  await using wiki = standIn();
  await using chat = standIn();
  const entries = { wiki: remote("wiki", wiki.url), chat: remote("chat", chat.url) };
  await using home = await oauthHome([entries.wiki, entries.chat, ...further], options);
  const keeper = new TokenKeeper(home.parts, () => {});
  const app = (name: "wiki" | "chat") => remoteApp(entries[name], {});
  await fn({
    home,
    wiki,
    chat,
    app,
    async status(name) {
      const one = app(name);
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
      const response = await authorizedFetch(one, keeper, fetch)(one.url!, { method: "POST", body });
      await response.body?.cancel();
      return response.status;
    },
  });
}

const equalMaps = (a: ReadonlyMap<string, string>, b: Map<string, string>) =>
  assert.deepEqual([...a], [...b]);

const shown = ({ seen }: StandIn) =>
  seen.map(({ headers }) => headers.get("authorization")).filter((text) => text?.startsWith("Bearer "));

const refused = { code: "unauthorized" };

Deno.test("two servers of one provider have a login each", async () => {
  await withTwo(async ({ home, wiki, chat, app, status }) => {
    await logIn(app("wiki"), home);
    assert.equal(await status("wiki"), 200);
    await assert.rejects(status("chat"), { ...refused, hint: /mcp oauth authorize chat`/ });
    assert.deepEqual(shown(chat), []);
    await logIn(app("chat"), home);
    for (const name of ["chat", "wiki"] as const) assert.equal(await status(name), 200);
    assert.ok(shown(wiki).every((text) => !shown(chat).includes(text)));
    // Each has its client, too: they are known to different authorization servers.
    assert.deepEqual([wiki, chat].map((one) => one.requests("/register").length), [1, 1]);
  });
});

Deno.test("a login that is kept under the provider's name is read there, refreshed there, and for its server alone", async () => {
  await withTwo(async ({ home, wiki, chat, app, status }) => {
    const { vault } = home.parts;
    await logIn(app("wiki"), home);
    const login = (await vault.login("wiki"))!;
    const client = (await vault.registeredClient("wiki"))!;
    await vault.keepLogin("acme", { ...login, expires_at: 1 });
    await vault.keepRegisteredClient("acme", client);
    await vault.dropLogin("wiki");
    await vault.dropRegisteredClient("wiki");

    const { servers, secrets } = await loadConfiguration({ env: home.env, cwd: home.home });
    const needs = await Promise.all(servers.map(({ entry }) => serverNeeds(entry, {}, secrets)));
    assert.deepEqual(needs.map(({ oauth }) => oauth), ["done", "required"]);
    assert.deepEqual(servers.map(({ secrets }) => secrets.size), [1, 0]);

    assert.equal(await status("wiki"), 200);
    const fresh = (await vault.login("acme"))!;
    assert.notEqual(fresh.refresh_token, login.refresh_token);
    assert.deepEqual(await vault.logins(), ["acme"]);
    await assert.rejects(status("chat"), refused);
    assert.deepEqual(shown(chat), []);

    // The next login is kept under the server's name, with the client that there is; its end is the end of both.
    await logIn(app("wiki"), home);
    assert.deepEqual(await vault.logins(), ["acme", "wiki"]);
    assert.equal(wiki.requests("/register").length, 1);
    assert.equal((await revokeLogin(app("wiki"), home.parts)).removed, true);
    assert.deepEqual(await vault.logins(), []);
  });
});

Deno.test("a token that the user gives for the provider is for all of its servers", async () => {
  await withTwo(async ({ wiki, chat, status }) => {
    for (const name of ["wiki", "chat"] as const) await assert.rejects(status(name), refused);
    for (const server of [wiki, chat]) assert.ok(shown(server).includes("Bearer by-hand"));
  }, { secrets: { "oauth/acme": "by-hand" } });
});

Deno.test("a client that the user gives for the provider stays with the authorization server of its first login", async () => {
  const client = JSON.stringify({ client_id: "given-client", client_secret: "given-secret" });
  await withTwo(async ({ home, chat, app }) => {
    await logIn(app("wiki"), home);
    await assert.rejects(logIn(app("chat"), home), {
      code: "forbidden",
      hint: /mcp secret set oauth-client\/chat/,
    });
    assert.ok(chat.seen.every(({ path }) => path === "/mcp" || path.startsWith("/.well-known/")));
  }, { secrets: { "oauth-client/acme": client } });
});

Deno.test("a login to a provider's API goes to no remote server that is called like the provider", async () => {
  const api = JSON.stringify({
    id: "1",
    access_token: "of-api",
    authorization_server: "https://acme.example",
  });
  const names = ["wiki", "chat"] as const;
  await withTwo(async ({ home, wiki, chat, status, app }) => {
    const keeper = new TokenKeeper(home.parts, () => {});
    assert.equal((await keeper.login({ name: "wiki", title: "wiki" }))!.access_token, "of-api");
    assert.equal(await keeper.login(app("wiki")), undefined);
    for (const name of names) await assert.rejects(status(name), refused);
    assert.deepEqual([...shown(wiki), ...shown(chat)], []);
  }, { secrets: { "oauth/acme": api, "oauth/wiki": api } });
});

const of = (secret: string) => ({ providers: [{ provider: "mine", secret, env: "T" }] });
const thieves: Record<string, ServerEntry> = {
  "a secret": { name: "thief", image: "x/y", secrets: [{ name: "oauth/wiki", env: "T" }] },
  "a client": { name: "thief", image: "x/y", secrets: [{ name: "oauth-client/acme", env: "T" }] },
  "a registered client": { name: "thief", image: "x/y", secrets: [{ name: "oauth-dcr/wiki", env: "T" }] },
  "its provider's secret": { name: "thief", image: "x/y", oauth: of("oauth/wiki") },
  "its header": {
    name: "thief",
    remote: { url: "https://thief.example", headers: { "X-T": "$T" } },
    secrets: [{ name: "oauth/wiki", env: "T" }],
  },
};
for (const [what, thief] of Object.entries(thieves)) {
  Deno.test(`a server gets no login of others by declaring it as ${what}`, async () => {
    const client = JSON.stringify({ client_id: "given-client", client_secret: "given-secret" });
    await withTwo(
      async ({ home, app }) => {
        await logIn(app("wiki"), home);
        const { servers, secrets } = await loadConfiguration({ env: home.env, cwd: home.home });
        equalMaps(servers.find(({ entry }) => entry.name === "thief")!.secrets, new Map());
        const { secrets: need, oauth } = await serverNeeds(thief, {}, secrets);
        assert.ok(need === "required" || oauth === "required");
      },
      { secrets: { "oauth-client/acme": client } },
      [thief],
    );
  });
}

Deno.test("a remote server gets no login of others by declaring it as its provider's secret", async () => {
  await withTwo(async ({ home, chat, app }) => {
    await logIn(app("wiki"), home);
    const thief = {
      ...remote("thief", chat.url),
      oauth: { providers: [{ provider: "mine", secret: "oauth/wiki" }] },
    };
    const keeper = new TokenKeeper(home.parts, () => {});
    assert.equal(await keeper.login(remoteApp(thief, {})), undefined);
    assert.equal(await keeper.login({ ...remoteApp(thief, {}), secret: "oauth/wiki" }), undefined);
  });
});

Deno.test("oauth ls has a line a server, one a provider of other servers, and one a login that nobody has use for", async () => {
  const local: ServerEntry = {
    name: "tool",
    image: "example/tool",
    oauth: { providers: [{ provider: "acme" }] },
  };
  await withTwo(
    async ({ home, app }) => {
      await logIn(app("wiki"), home);
      const configuration = await loadConfiguration({ env: home.env, cwd: home.home });
      const scopes = [{ name: "read" }];
      assert.deepEqual(await listApps(configuration, home.parts.vault), [
        { app: "acme", authorized: false, provider: "acme", tools: ["tool"] },
        { app: "chat", authorized: false, provider: "acme", tools: ["chat"] },
        { app: "gone", authorized: true, provider: "gone", tools: [] },
        { app: "wiki", authorized: true, provider: "acme", scopes, tools: ["wiki"] },
      ]);
      assert.equal((await appOf("acme", configuration)).url, undefined);
    },
    { secrets: { "oauth/gone": "token" } },
    [local],
  );
});

Deno.test("a provider's name stands for its only remote server; for several it is not enough", async () => {
  await withTwo(async ({ home }) => {
    const configuration = await loadConfiguration({ env: home.env, cwd: home.home });
    await assert.rejects(appOf("acme", configuration), {
      code: "usage",
      message: "acme is the provider of several servers: wiki, chat",
      hint: /name the server/,
    });
  });
});
