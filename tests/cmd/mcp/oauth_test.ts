/** `skiff mcp oauth`, as it is typed. */
import assert from "node:assert/strict";
import { runCommandLine } from "../../../core/cli/run_command.ts";
import { mcpCommand } from "../../../cmd/mcp/group.ts";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { collectingContext } from "../../support/typed_command.ts";
import { type StandIn, standIn, type StandInOptions } from "../../support/mcp/authorization_server.ts";
import { browse } from "../../support/mcp/browser.ts";
import { type OAuthHome, oauthHome } from "../../support/mcp/oauth_home.ts";

interface Typed {
  /** Resolves with the code when the command has ended. */
  code: Promise<number>;
  said: { out: string; err: string };
  /** The address at which a person is to log in. */
  link: Promise<string>;
  interrupt(): void;
}

function type({ env }: OAuthHome, words: string[], { terminal = false } = {}): Typed {
  const ended = new AbortController();
  const link = Promise.withResolvers<string>();
  link.promise.catch(() => {});
  const { context, said } = collectingContext({
    env,
    signal: ended.signal,
    stdinIsTerminal: terminal,
    stdoutIsTerminal: terminal,
    stderrIsTerminal: terminal,
    out(text) {
      said.out += text;
      const found = /^ {2}(http\S+)$/m.exec(said.out);
      if (found) link.resolve(found[1]);
      return Promise.resolve();
    },
  });
  const code = runCommandLine("skiff mcp", mcpCommand, words, context);
  code.then(() => link.reject(new Error(said.err)));
  return { code, said, link: link.promise, interrupt: () => ended.abort() };
}

async function typed(home: OAuthHome, ...words: string[]) {
  const { code, said } = type(home, words);
  return { code: await code, ...said };
}

const hub: ServerEntry = {
  name: "hub",
  image: "example/hub",
  description: "A container",
  secrets: [{ name: "hub.token", env: "HUB_TOKEN" }],
  oauth: { providers: [{ provider: "hubby", secret: "hub.token", env: "HUB_TOKEN" }] },
};

async function withNotes(
  fn: (home: OAuthHome, server: StandIn) => Promise<void>,
  { server: options = {}, home: homeOptions = {}, provider = "notes" }: {
    server?: StandInOptions;
    home?: Parameters<typeof oauthHome>[1];
    provider?: string;
  } = {},
): Promise<void> {
  await using server = standIn(options);
  const notes: ServerEntry = {
    name: "notes",
    type: "remote",
    remote: { url: server.url },
    oauth: { providers: [{ provider }] },
  };
  const plain: ServerEntry = { name: "plain", image: "example/plain" };
  await using home = await oauthHome([notes, hub, plain], homeOptions);
  await fn(home, server);
}

Deno.test("a login from its hint to its end", async (t) => {
  await withNotes(async (home) => {
    await t.step("server enable says how to log in, server ls that it is missing", async () => {
      const enabled = await typed(home, "server", "enable", "notes");
      assert.match(enabled.out, /Authorize notes: skiff mcp oauth authorize notes\n/);
      assert.match((await typed(home, "server", "ls")).out, /^notes +required /m);
    });
    await t.step("oauth ls", async () => {
      const { out } = await typed(home, "oauth", "ls");
      assert.match(out, /^APP +STATE +SERVERS\nhubby +not authorized +hub\nnotes +not authorized +notes\n$/);
    });
    await t.step("oauth authorize prints the address and waits", async () => {
      const { link, code, said } = type(home, ["oauth", "authorize", "notes"]);
      await browse(await link);
      assert.equal(await code, 0, said.err);
      assert.match(said.out, /^Log in to notes at:\n\n {2}http:\S+\n\nLogged in to notes \(read\)\n$/);
      assert.match(
        said.err,
        /^Waiting for the answer at http:\/\/127\.0\.0\.1:\d+\/callback \(Ctrl\+C ends it\)\n$/,
      );
    });
    await t.step("oauth ls --json has the fields of Docker's, and no token", async () => {
      const { out } = await typed(home, "oauth", "ls", "--json");
      assert.deepEqual(JSON.parse(out), [
        { app: "hubby", authorized: false, provider: "hubby", tools: ["hub"] },
        { app: "notes", authorized: true, provider: "notes", scopes: [{ name: "read" }], tools: ["notes"] },
      ]);
      assert.match((await typed(home, "server", "ls")).out, /^notes +done /m);
      assert.doesNotMatch(JSON.stringify(await typed(home, "server", "inspect", "notes")), /access-/);
    });
    await t.step("oauth revoke", async () => {
      const { code, out, err } = await typed(home, "oauth", "revoke", "notes");
      assert.deepEqual({ code, out, err }, { code: 0, out: "Ended the login for notes\n", err: "" });
      assert.match((await typed(home, "oauth", "ls")).out, /^notes +not authorized/m);
      const again = await typed(home, "oauth", "revoke", "notes");
      assert.equal(again.code, 1);
      assert.match(again.err, /There is no login for notes/);
    });
  });
});

interface Case {
  words: string[];
  server?: StandInOptions;
  home?: Parameters<typeof oauthHome>[1];
  code?: number;
  err: RegExp;
}

const refused: Record<string, Case> = {
  "an unknown name": {
    words: ["authorize", "nope"],
    err: /^There is no server and no OAuth provider nope\n`skiff mcp oauth ls` lists those/,
  },
  "a server of this machine without a login": {
    words: ["authorize", "plain"],
    err: /^The server plain runs on this machine and has no login\n/,
  },
  "a provider without a known authorization server": {
    words: ["authorize", "hubby"],
    err:
      /^skiff knows no authorization server of hubby \(for hub\)\nMake a token at the provider and give it: `skiff mcp secret set hub\.token`\.\n$/,
  },
  "its server's name": {
    words: ["authorize", "hub"],
    err: /^skiff knows no authorization server of hubby \(for hub\)\n.*`skiff mcp secret set hub\.token`/,
  },
  "a server that nobody can register with": {
    words: ["authorize", "notes"],
    server: { metadata: ({ registration_endpoint: _, ...m }) => m },
    err: /^There is no OAuth client for notes: .*\n.*`skiff mcp secret set oauth-client\/notes`/,
  },
  "revoke of what is not there": { words: ["revoke", "hubby"], err: /^There is no login for hubby\n$/ },
  "revoke of an unknown name": {
    words: ["revoke", "nope"],
    err: /^There is no server and no OAuth provider nope\n/,
  },
  "no name": { words: ["authorize"], code: 2, err: /APP/ },
};

for (const [name, { words, server, home: homeOptions, code = 1, err }] of Object.entries(refused)) {
  Deno.test(`skiff mcp oauth is plain about ${name}`, async () => {
    await withNotes(async (home) => {
      const said = await typed(home, "oauth", ...words);
      assert.equal(said.code, code, said.err);
      assert.match(said.err, err);
      assert.equal(said.out, "");
    }, { server, home: homeOptions });
  });
}

Deno.test("a server is named by its provider, too, and scopes are the person's", async () => {
  await withNotes(async (home, server) => {
    const { link, code } = type(home, ["oauth", "authorize", "noted", "--scopes", "read write"]);
    await browse(await link);
    assert.equal(await code, 0);
    assert.equal(server.requests("/authorize")[0].query.get("scope"), "read write");
    const apps = JSON.parse((await typed(home, "oauth", "ls", "--json")).out);
    assert.deepEqual(apps[1], {
      app: "notes",
      authorized: true,
      provider: "noted",
      scopes: [{ name: "read" }, { name: "write" }],
      tools: ["notes"],
    });
  }, { provider: "noted" });
});

Deno.test("a client is given by the server's configuration, too", async () => {
  await withNotes(async (home, server) => {
    assert.equal((await typed(home, "config", "set", "notes.oauth.client_id=given-client")).code, 0);
    const { link, code } = type(home, ["oauth", "authorize", "notes"]);
    await browse(await link);
    assert.equal(await code, 0);
    assert.equal(server.requests("/authorize")[0].query.get("client_id"), "given-client");
    assert.deepEqual(server.requests("/register"), []);
  });
});

Deno.test("a provider's own login, with a client that the user has", async () => {
  await using provider = standIn();
  const client = {
    client_id: "given-client",
    client_secret: "given-secret",
    authorization_server: provider.issuer,
  };
  await withNotes(async (home) => {
    const { link, code, said } = type(home, ["oauth", "authorize", "hubby"]);
    await browse(await link);
    assert.equal(await code, 0, said.err);
    assert.match((await typed(home, "server", "ls")).out, /^hub +done +done/m);
  }, { home: { secrets: { "oauth-client/hubby": JSON.stringify(client) } } });
});

Deno.test("a client that needs nobody is only tried out", async () => {
  const issued = () => Response.json({ access_token: "machine", token_type: "Bearer" });
  const answer: StandInOptions["answer"] = (_, { path }) => path === "/token" ? issued() : undefined;
  const client = {
    client_id: "given-client",
    client_secret: "given-secret",
    grant_type: "client_credentials",
  };
  await withNotes(async (home, server) => {
    const { code, out } = await typed(home, "oauth", "authorize", "notes");
    assert.deepEqual({ code, out }, {
      code: 0,
      out: "notes takes the client that you have given; nobody has to log in\n",
    });
    assert.equal(server.requests("/token")[0].form.get("grant_type"), "client_credentials");
  }, { server: { answer }, home: { secrets: { "oauth-client/notes": JSON.stringify(client) } } });
});

Deno.test("Ctrl+C ends the wait, with the code of an interruption", async () => {
  await withNotes(async (home) => {
    const { link, code, said, interrupt } = type(home, ["oauth", "authorize", "notes"]);
    const url = new URL(await link);
    interrupt();
    assert.equal(await code, 130);
    assert.match(said.err, /^Waiting for the answer at .*\n$/);
    await assert.rejects(fetch(url.searchParams.get("redirect_uri")!), TypeError);
  });
});

Deno.test("a browser is opened at a terminal that asks for it, never in a pipe", async () => {
  for (const terminal of [true, false]) {
    const folder = await Deno.makeTempDir();
    const opened = `${folder}/opened`;
    await Deno.writeTextFile(`${folder}/xdg-open`, `#!/bin/sh\nprintf %s "$1" > ${opened}\n`, {
      mode: 0o755,
    });
    const path = Deno.env.get("PATH")!;
    Deno.env.set("PATH", `${folder}:${path}`);
    try {
      await withNotes(async (home) => {
        const { link, code } = type(home, ["oauth", "authorize", "notes", "--open-browser"], { terminal });
        const url = await link;
        if (terminal) assert.equal(await textThere(opened, folder), url);
        await browse(url);
        assert.equal(await code, 0);
        if (!terminal) await assert.rejects(Deno.stat(opened), Deno.errors.NotFound);
      });
    } finally {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    }
  }
});

async function textThere(path: string, folder: string): Promise<string> {
  using watcher = Deno.watchFs(folder);
  const read = () => Deno.readTextFile(path).catch(() => "");
  if (await read()) return await read();
  for await (const _ of watcher) if (await read()) break;
  return await read();
}
