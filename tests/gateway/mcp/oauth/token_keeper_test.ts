/** Tokens that end: refreshed once by whoever is first, kept whatever happens, asked for when nothing helps. */
import assert from "node:assert/strict";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { beginAuthorization } from "../../../../gateway/mcp/oauth/authorization.ts";
import { authorizedFetch } from "../../../../gateway/mcp/oauth/authorized_fetch.ts";
import { expiryMarginMs, type Login } from "../../../../gateway/mcp/oauth/login.ts";
import type { OAuthApp } from "../../../../gateway/mcp/oauth/oauth_app.ts";
import { revokeLogin } from "../../../../gateway/mcp/oauth/revocation.ts";
import { TokenKeeper } from "../../../../gateway/mcp/oauth/token_keeper.ts";
import {
  endsSoon,
  type StandIn,
  standIn,
  type StandInOptions,
} from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { type OAuthHome, oauthHome } from "../../../support/mcp/oauth_home.ts";

/** With a login whose access token has ended (`expiresIn` 1) or is good. */
async function loggedIn(
  options: StandInOptions,
  fn: (server: StandIn, home: OAuthHome, app: OAuthApp) => Promise<void>,
): Promise<void> {
  await using server = standIn(options);
  await using home = await oauthHome([]);
  const app = { name: "notes", title: "notes", url: server.url };
  const pending = await beginAuthorization(app, home.parts);
  await browse(pending.url);
  await pending.done;
  await fn(server, home, app);
}

async function change(home: OAuthHome, fields: Partial<Login>): Promise<void> {
  const login = await home.parts.vault.login("notes");
  await home.parts.vault.keepLogin("notes", { ...login!, ...fields });
}

const refreshes = (server: StandIn) =>
  server.requests("/token").filter(({ form }) => form.get("grant_type") === "refresh_token").length;
const keeperOf = ({ parts }: OAuthHome, lines: string[] = []) =>
  new TokenKeeper(parts, (line) => lines.push(line));
const ended = () => ({ expires_at: Date.now() - 1000 });
/** Good yet, and within the margin in which it is refreshed. */
const ending = () => ({ expires_at: Date.now() + expiryMarginMs - 1 });

async function statusOf(app: OAuthApp, keeper: TokenKeeper): Promise<number> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await authorizedFetch(app, keeper, fetch)(app.url!, { method: "POST", body });
  await response.body?.cancel();
  return response.status;
}

Deno.test("a token that ends soon is refreshed before, for the same server, and kept", async () => {
  await loggedIn({}, async (server, home, app) => {
    await change(home, ending());
    const before = await home.parts.vault.login("notes");
    assert.equal(await statusOf(app, keeperOf(home)), 200);
    const after = await home.parts.vault.login("notes");
    assert.notEqual(after!.access_token, before!.access_token);
    assert.notEqual(after!.refresh_token, before!.refresh_token);
    assert.equal(after!.id, before!.id);
    assert.equal(server.requests("/token").at(-1)!.form.get("resource"), server.url);
    // Nothing was sent with the old one.
    assert.deepEqual(server.requests("/mcp").filter(({ headers }) => headers.get("authorization")).length, 1);
  });
});

Deno.test("many who need it at once cause one refresh; two gateways, too", async () => {
  await loggedIn({}, async (server, home, app) => {
    await change(home, ended());
    const keepers = [keeperOf(home), keeperOf(home), keeperOf(home)];
    const all = keepers.flatMap((keeper) => Array.from({ length: 10 }, () => statusOf(app, keeper)));
    assert.deepEqual(new Set(await Promise.all(all)), new Set([200]));
    assert.equal(refreshes(server), 1);
  });
});

Deno.test("processes take turns: the refresh token is used once, and all have the new token", async () => {
  await loggedIn({}, async (server, home) => {
    await change(home, ended());
    const children = Array.from({ length: 3 }, () => child(server, home).output());
    const outputs = (await Promise.all(children)).map(({ stdout, stderr }) =>
      new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr)
    );
    const kept = await home.parts.vault.login("notes");
    assert.deepEqual(new Set(outputs), new Set([kept!.access_token]));
    assert.equal(refreshes(server), 1);
  });
});

function child(server: StandIn, home: OAuthHome): Deno.ChildProcess {
  const program = new URL("../../../support/mcp/token_child.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", program, JSON.stringify(home.variables), server.url],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

for (const grace of [true, false]) {
  Deno.test(`a gateway is killed between a refresh and its keeping; the server ${grace ? "takes the old token once more" : "has ended the login"}`, async () => {
    const issued = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<void>();
    let isHeld = false;
    await loggedIn({
      grace,
      async issued() {
        if (!isHeld) return undefined;
        isHeld = false;
        issued.resolve();
        await killed.promise;
        return new Response();
      },
    }, async (server, home, app) => {
      await change(home, ended());
      const before = await Deno.readTextFile(home.files.secrets);
      isHeld = true;
      const victim = child(server, home);
      await issued.promise;
      victim.kill("SIGKILL");
      await victim.output();
      killed.resolve();
      assert.equal(await Deno.readTextFile(home.files.secrets), before);
      // Nobody waits for the dead one's turn.
      const keeper = keeperOf(home);
      if (grace) assert.equal(await statusOf(app, keeper), 200);
      else {
        await assert.rejects(statusOf(app, keeper), {
          code: "unauthorized",
          message:
            /^the login of notes has ended: its renewal of \d{4}-\S+Z was cut short, and its refresh token was good for one$/,
          hint: /mcp oauth authorize notes/,
        });
        // It stays so, for this gateway and the next one, and the authorization server is not asked again.
        for (const one of [keeper, keeperOf(home)]) {
          await assert.rejects(statusOf(app, one), {
            code: "unauthorized",
            message: "notes wants a login",
            hint: /mcp oauth authorize notes/,
          });
        }
        assert.equal(refreshes(server), 2);
        assert.equal((await home.parts.vault.login("notes"))!.refresh_token, undefined);
      }
    });
  });
}

Deno.test("a server that is down costs no login: the old token holds, and it is not asked all the time", async () => {
  let isDown = false;
  const answer: StandInOptions["answer"] = (_, { path }) =>
    isDown && path === "/token" ? new Response(null, { status: 503 }) : undefined;
  await loggedIn({ answer }, async (server, home, app) => {
    await change(home, ending());
    isDown = true;
    const keeper = keeperOf(home);
    for (let i = 0; i < 5; i++) assert.equal(await statusOf(app, keeper), 200);
    assert.equal(refreshes(server), 1);
    await change(home, ended());
    const other = keeperOf(home);
    await assert.rejects(statusOf(app, other), {
      code: "network",
      message: /cannot be refreshed: it answers 503/,
    });
    await assert.rejects(statusOf(app, other), { code: "network", message: /next try in \d+ s/ });
    assert.equal(refreshes(server), 2);
    isDown = false;
    other.forget();
    assert.equal(await statusOf(app, other), 200);
  });
});

Deno.test("a token that is refused early is refreshed, once", async () => {
  await loggedIn({}, async (server, home, app) => {
    const keeper = keeperOf(home);
    assert.equal(await statusOf(app, keeper), 200);
    server.expire();
    assert.equal(await statusOf(app, keeper), 200);
    assert.equal(refreshes(server), 1);
    server.expire({ refresh: true });
    await assert.rejects(statusOf(app, keeper), { code: "unauthorized" });
  });
});

Deno.test("a server that refuses every token is not asked for ever", async () => {
  const answer: StandInOptions["answer"] = (request, { path }) =>
    path === "/mcp" && request.headers.has("authorization") ? new Response(null, { status: 401 }) : undefined;
  await loggedIn({ answer }, async (server, home, app) => {
    const keeper = keeperOf(home);
    for (let i = 0; i < 5; i++) await assert.rejects(statusOf(app, keeper), { code: "unauthorized" });
    assert.ok(refreshes(server) <= 1, `${refreshes(server)}`);
  });
});

Deno.test("a login by another process is taken as soon as the old one fails", async () => {
  await loggedIn({}, async (server, home, app) => {
    const keeper = keeperOf(home);
    assert.equal(await statusOf(app, keeper), 200);
    server.expire({ refresh: true });
    await assert.rejects(statusOf(app, keeper), { code: "unauthorized" });
    const pending = await beginAuthorization(app, home.parts);
    await browse(pending.url);
    await pending.done;
    assert.equal(await statusOf(app, keeper), 200);
  });
});

Deno.test("a client that is not known any more is registered anew at the next login", async () => {
  let isForgotten = false;
  const answer: StandInOptions["answer"] = (_, { path }) =>
    isForgotten && path === "/token"
      ? Response.json({ error: "invalid_client" }, { status: 401 })
      : undefined;
  await loggedIn({ answer }, async (server, home, app) => {
    await change(home, ended());
    isForgotten = true;
    await assert.rejects(statusOf(app, keeperOf(home)), { code: "unauthorized" });
    isForgotten = false;
    const pending = await beginAuthorization(app, home.parts);
    await browse(pending.url);
    await pending.done;
    assert.equal(server.requests("/register").length, 2);
    assert.equal(await statusOf(app, keeperOf(home)), 200);
  });
});

Deno.test("a token goes to the server that it is for, and to no other", async () => {
  await loggedIn({}, async (server, home, app) => {
    await using other = standIn();
    const lines: string[] = [];
    await assert.rejects(statusOf({ ...app, url: other.url }, keeperOf(home, lines)), {
      code: "unauthorized",
    });
    assert.match(lines[0], /the login of notes is for .*: it is not used/);
    assert.ok(other.seen.every(({ headers }) => !headers.has("authorization")));
    assert.equal(refreshes(server), 0);
  });
});

Deno.test("a new token that cannot be kept is used all the same", async () => {
  await loggedIn({}, async (_, home, app) => {
    await change(home, ended());
    await Deno.chmod(home.files.secrets, 0o400);
    const lines: string[] = [];
    const keeper = keeperOf(home, lines);
    assert.equal(await statusOf(app, keeper), 200);
    assert.match(lines[0], /the new login of notes cannot be kept: .* is read-only/);
  });
});

Deno.test("a new token that cannot be kept is refreshed in its turn, and kept as soon as that can be", async () => {
  await loggedIn({ expiresIn: endsSoon }, async (server, home, app) => {
    await change(home, ended());
    await Deno.chmod(home.files.secrets, 0o400);
    const keeper = keeperOf(home);
    for (let i = 0; i < 3; i++) {
      keeper.forget(); // the configuration was read anew
      assert.equal(await statusOf(app, keeper), 200);
    }
    assert.equal(refreshes(server), 3);
    await Deno.chmod(home.files.secrets, 0o600);
    await keeper.settled();
    assert.equal(await statusOf(app, keeperOf(home)), 200);
  });
});

for (const error of ["bad_refresh_token", "invalid_refresh_token"]) {
  Deno.test(`a refresh token that is spent in the server's own words (${error}) ends the login`, async () => {
    let isSpent = false;
    const answer: StandInOptions["answer"] = (_, { path }) =>
      isSpent && path === "/token" ? Response.json({ error }) : undefined;
    await loggedIn({ answer }, async (_, home, app) => {
      await change(home, ended());
      isSpent = true;
      await assert.rejects(statusOf(app, keeperOf(home)), {
        code: "unauthorized",
        message: "the login of notes has ended",
      });
    });
  });
}

Deno.test("a login that ended by itself is asked for anew as its server wants it", async () => {
  await using server = standIn({ resourceAt: "/about.json" });
  const notes: ServerEntry = { name: "notes", type: "remote", remote: { url: server.url } };
  await using home = await oauthHome([notes], { features: { "dynamic-tools": "disabled" } });
  const app = { name: "notes", title: "notes", url: server.url };
  const pending = await beginAuthorization(app, home.parts);
  await browse(pending.url);
  await pending.done;
  await change(home, ended());
  server.expire({ refresh: true });
  await using gateway = await home.gateway();
  const client = await gateway.connect();
  await client.listTools();
  const { content } = await client.callTool({ name: "mcp-authorize", arguments: { name: "notes" } });
  await browse(/http:\S+/.exec(JSON.stringify(content))![0].replace(/\\n.*/, ""));
  await gateway.line(/^> Logged in to notes$/);
});

const revocations: Record<string, { options: StandInOptions; told: number; server: RegExp }> = {
  "is told": { options: {}, told: 2, server: /^told$/ },
  "cannot be told": {
    options: { metadata: ({ revocation_endpoint: _, ...m }) => m },
    told: 0,
    server: /^unknown$/,
  },
  "does not answer": {
    options: {
      answer: (_, { path }) => path === "/revoke" ? new Response(null, { status: 500 }) : undefined,
    },
    told: 1,
    server: /did not end the login: it answers 500/,
  },
};

for (const [name, { options, told, server: expected }] of Object.entries(revocations)) {
  Deno.test(`a login is ended; the authorization server ${name}`, async () => {
    await loggedIn(options, async (server, home, app) => {
      const { removed, server: said } = await revokeLogin(app, home.parts);
      assert.ok(removed);
      assert.match(String(said), expected);
      assert.equal(server.requests("/revoke").length, told);
      assert.deepEqual(JSON.parse(await Deno.readTextFile(home.files.secrets)).secrets, {});
      await assert.rejects(statusOf(app, keeperOf(home)), { code: "unauthorized" });
      assert.equal((await revokeLogin(app, home.parts)).removed, false);
    });
  });
}
