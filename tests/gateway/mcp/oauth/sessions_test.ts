/** A gateway with servers behind logins: nobody waits for them, and whoever logs in has their tools. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { ServerEntry } from "../../../../gateway/mcp/catalog/server_entry.ts";
import { beginAuthorization } from "../../../../gateway/mcp/oauth/authorization.ts";
import { revokeLogin } from "../../../../gateway/mcp/oauth/revocation.ts";
import type { Client } from "../../../../gateway/mcp/sdk.ts";
import {
  endsSoon,
  type StandIn,
  standIn,
  type StandInOptions,
} from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { withCredentialHelper } from "../../../support/mcp/credential_helper.ts";
import { fixtureServer } from "../../../support/mcp/fixture.ts";
import { type HomeGateway, type OAuthHome, oauthHome } from "../../../support/mcp/oauth_home.ts";

type HomeOptions = NonNullable<Parameters<typeof oauthHome>[1]>;

interface Room {
  server: StandIn;
  home: OAuthHome;
  gateway: HomeGateway;
}

async function withGateway(
  { server: options = {}, home: homeOptions = {}, more = [], watch = false, transport = "streamable-http" }: {
    server?: StandInOptions;
    home?: HomeOptions;
    more?: ServerEntry[];
    watch?: boolean;
    transport?: string;
  },
  fn: (room: Room) => Promise<void>,
): Promise<void> {
  await using server = standIn(options);
  const notes: ServerEntry = {
    name: "notes",
    type: "remote",
    remote: { url: server.url, transport_type: transport },
  };
  await using home = await oauthHome([notes, ...more], {
    features: { "dynamic-tools": "disabled" },
    ...homeOptions,
  });
  await using gateway = await home.gateway({ watch });
  await fn({ server, home, gateway });
  const told = gateway.lines.join("\n");
  assert.doesNotMatch(told, /(access|refresh)-[0-9a-f]{8}/); // no token is ever told
}

/** A client whose user answers links: opens them, or says no. */
function answering(action: "accept" | "decline", shown: string[] = []) {
  return {
    capabilities: { elicitation: { url: {} } },
    prepare(client: Client) {
      const schema = z.object({ method: z.literal("elicitation/create"), params: z.any() });
      client.setRequestHandler(schema as never, ({ params }: any) => {
        shown.push(params.url);
        if (action === "accept") browse(params.url).catch(() => {});
        return Promise.resolve({ action });
      });
    },
  };
}

const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name).sort();

async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args }) as any;
  return { text: result.content[0].text as string, isError: result.isError === true };
}

async function logIn({ home, server }: Room): Promise<void> {
  const pending = await beginAuthorization({ name: "notes", title: "notes", url: server.url }, home.parts);
  await browse(pending.url);
  await pending.done;
}

/** Resolves when the client hears of another list of tools, and what they are is as wanted. */
function listBecomes(client: Client, wanted: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = async () => {
    if (JSON.stringify(await names(client)) === JSON.stringify(wanted)) resolve();
  };
  const schema = z.object({ method: z.literal("notifications/tools/list_changed") });
  client.setNotificationHandler(schema as never, () => look().catch(reject));
  return promise;
}

for (const transport of ["streamable-http", "sse", ""]) {
  Deno.test(`a server that waits for a login holds up no other, and says so (transport "${transport}")`, async () => {
    const fixture = fixtureServer().entry;
    await withGateway({ more: [fixture], transport }, async ({ gateway }) => {
      const client = await gateway.connect();
      const { tools } = await client.listTools();
      assert.ok(tools.some(({ name }) => name === "test_simple_text"));
      const authorize = tools.find(({ name }) => name === "mcp-authorize")!;
      assert.match(authorize.description!, /missing until then: notes\./);
      assert.deepEqual((authorize.inputSchema as any).properties.name.enum, ["notes"]);
      await gateway.line(
        /^- notes: can't start: notes wants a login\. Log in: `skiff mcp oauth authorize notes`\.$/,
      );
      assert.match((await call(client, "test_simple_text")).text, /./);
      assert.match((await call(client, "mcp-authorize", { name: "nope" })).text, /Error: nope does not wait/);
    });
  });
}

Deno.test("a client without links gives its user one in a text; the tools come by themselves", async () => {
  await withGateway({}, async ({ gateway }) => {
    const clients = [await gateway.connect(), await gateway.connect()];
    for (const client of clients) assert.deepEqual(await names(client), ["mcp-authorize"]);
    const become = clients.map((client) => listBecomes(client, ["whoami", "work"]));
    const texts = await Promise.all(
      clients.map((client) => call(client, "mcp-authorize", { name: "notes" })),
    );
    const links = texts.map(({ text }) => /http:\S+/.exec(text)![0]);
    assert.equal(links[0], links[1]); // one login serves both
    assert.match(
      texts[0].text,
      /^notes wants a login\. Give the user this link[^]*skiff mcp oauth authorize notes$/,
    );
    assert.match((await browse(links[0])).text, /Logged in/);
    await Promise.all(become);
    assert.equal((await call(clients[0], "whoami")).text, "client-1");
  });
});

Deno.test("a client with links shows its user one, and goes on", async () => {
  await withGateway({}, async ({ gateway }) => {
    const client = await gateway.connect(answering("accept"));
    assert.deepEqual(await names(client), ["mcp-authorize"]);
    assert.deepEqual(await call(client, "mcp-authorize", { name: "notes" }), {
      text: "The user has logged in to notes.",
      isError: false,
    });
    assert.deepEqual(await names(client), ["whoami", "work"]);
    assert.equal((await call(client, "whoami")).text, "client-1");
  });
});

Deno.test("a user who does not want to log in is not asked again by itself", async () => {
  await withGateway({}, async ({ gateway }) => {
    const shown: string[] = [];
    const client = await gateway.connect(answering("decline", shown));
    assert.deepEqual(await names(client), ["mcp-authorize"]);
    assert.deepEqual(await call(client, "mcp-authorize", { name: "notes" }), {
      text: "Error: The user did not log in.",
      isError: true,
    });
    assert.deepEqual(await names(client), ["mcp-authorize"]);
    assert.equal(shown.length, 1);
  });
});

Deno.test("a user who denies at the authorization server is told", async () => {
  const redirect = (target: URL) => {
    target.searchParams.delete("code");
    target.searchParams.set("error", "access_denied");
    return target;
  };
  await withGateway({ server: { redirect } }, async ({ gateway }) => {
    const client = await gateway.connect(answering("accept"));
    await names(client);
    const { text, isError } = await call(client, "mcp-authorize", { name: "notes" });
    assert.equal(text, "Error: There is no login for notes: access was denied.");
    assert.ok(isError);
  });
});

Deno.test("in a container, where no browser reaches the gateway, the command is named", async () => {
  const variables = { DOCKER_MCP_IN_CONTAINER: "1" };
  await withGateway(
    { home: { features: { "dynamic-tools": "disabled" }, variables } },
    async ({ gateway }) => {
      const client = await gateway.connect(answering("accept"));
      await names(client);
      const { text } = await call(client, "mcp-authorize", { name: "notes" });
      assert.match(text, /^notes wants a login\. The user runs: skiff mcp oauth authorize notes$/);
      assert.doesNotMatch(text, /http:/);
    },
  );
});

Deno.test("a login and its end elsewhere reach a gateway that runs", async () => {
  await withGateway({ watch: true }, async (room) => {
    const { gateway, home, server } = room;
    const client = await gateway.connect();
    assert.deepEqual(await names(client), ["mcp-authorize"]);
    const there = listBecomes(client, ["whoami", "work"]);
    await logIn(room);
    await there;
    assert.equal((await call(client, "whoami")).text, "client-1");
    const gone = listBecomes(client, ["mcp-authorize"]);
    await revokeLogin({ name: "notes", title: "notes", url: server.url }, home.parts);
    await gone;
    await assert.rejects(call(client, "whoami"), /There is no tool whoami/);
  });
});

Deno.test("logins that a credential helper keeps reach a gateway that runs, too", async () => {
  const folder = await Deno.makeTempDir();
  await withCredentialHelper(folder, async () => {
    const home = {
      features: { "dynamic-tools": "disabled" },
      credsStore: "kept",
      variables: { SKIFF_MCP_SECRETS: "" },
    };
    await withGateway({ watch: true, home }, async (room) => {
      const client = await room.gateway.connect();
      assert.deepEqual(await names(client), ["mcp-authorize"]);
      const there = listBecomes(client, ["whoami", "work"]);
      await logIn(room);
      await there;
      await assert.rejects(Deno.stat(room.home.files.secrets), Deno.errors.NotFound);
      assert.deepEqual(await room.home.parts.vault.logins(), ["notes"]);
    });
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a token that ends while a call runs harms neither the call nor the next one", async () => {
  await withGateway({}, async (room) => {
    await logIn(room);
    const client = await room.gateway.connect();
    assert.deepEqual(await names(client), ["whoami", "work"]);
    const running = call(client, "work");
    await room.server.calls.started;
    room.server.expire();
    assert.equal((await call(client, "whoami")).text, "client-1");
    room.server.calls.finish();
    assert.equal((await running).text, "client-1");
  });
});

Deno.test("tokens that end all the time are followed through a session", async () => {
  await withGateway({ server: { expiresIn: endsSoon } }, async (room) => {
    await logIn(room);
    const client = await room.gateway.connect();
    await names(client);
    const before = room.server.requests("/token").length;
    for (let i = 0; i < 5; i++) assert.equal((await call(client, "whoami")).text, "client-1");
    assert.equal(room.server.requests("/token").length, before + 5);
    const used = room.server.requests("/token").map(({ form }) => form.get("refresh_token")).filter(Boolean);
    assert.equal(new Set(used).size, used.length);
  });
});

for (const transport of ["sse", ""]) {
  Deno.test(`a server of the older SSE is logged in to, and its tokens are followed (transport "${transport}")`, async () => {
    await withGateway({ server: { sse: true }, transport }, async (room) => {
      const client = await room.gateway.connect(answering("accept"));
      assert.deepEqual(await names(client), ["mcp-authorize"]);
      assert.match((await call(client, "mcp-authorize", { name: "notes" })).text, /has logged in/);
      assert.deepEqual(await names(client), ["whoami", "work"]);
      room.server.expire();
      assert.equal((await call(client, "whoami")).text, "client-1");
    });
  });
}

Deno.test("a login that ends for good in a session is told with what to do", async () => {
  await withGateway({}, async (room) => {
    await logIn(room);
    const client = await room.gateway.connect();
    await names(client);
    room.server.expire({ refresh: true });
    await assert.rejects(
      call(client, "whoami"),
      /The server notes cannot be used: .*login.*\. Log in: `skiff mcp oauth authorize notes`\./,
    );
    await logIn(room);
    assert.equal((await call(client, "whoami")).text, "client-1");
  });
});

Deno.test("a call that needs more than the login may do: the user is asked for it", async () => {
  await withGateway({ server: { callScope: "write" } }, async (room) => {
    await logIn(room);
    const plain = await room.gateway.connect();
    assert.deepEqual(await names(plain), ["whoami", "work"]);
    await assert.rejects(
      call(plain, "whoami"),
      /notes wants a login that may do more \(read write\)\. Log in: `skiff mcp oauth authorize notes --scopes "read write"`/,
    );
    const shown: string[] = [];
    const client = await room.gateway.connect(answering("accept", shown));
    assert.equal((await call(client, "whoami")).text, "client-1");
    assert.equal(new URL(shown[0]).searchParams.get("scope"), "read write");
    assert.equal((await call(plain, "whoami")).text, "client-1");
    assert.equal(shown.length, 1);
  });
});

Deno.test("a server that always wants more is not given it for ever", async () => {
  const answer: StandInOptions["answer"] = (_, { path, body }) =>
    path === "/mcp" && body.includes("tools/call")
      ? new Response(null, {
        status: 403,
        headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="more"` },
      })
      : undefined;
  await withGateway({ server: { answer } }, async (room) => {
    await logIn(room);
    const shown: string[] = [];
    const client = await room.gateway.connect(answering("accept", shown));
    await names(client);
    await assert.rejects(call(client, "whoami"), /refuses this call although its login was asked for all/);
    assert.equal(shown.length, 1);
  });
});

const dynamic = { features: {}, enabled: false };

Deno.test("mcp-add leads through the login of a remote server", async () => {
  await withGateway({ home: dynamic }, async ({ gateway }) => {
    const client = await gateway.connect(answering("accept"));
    const { text } = await call(client, "mcp-add", { name: "notes" });
    assert.match(text, /Successfully added 2 tools in server 'notes'/);
    assert.equal((await call(client, "whoami")).text, "client-1");
  });
});

Deno.test("mcp-add gives the link where the client shows none", async () => {
  await withGateway({ home: dynamic }, async ({ gateway }) => {
    const client = await gateway.connect();
    const { text, isError } = await call(client, "mcp-add", { name: "notes" });
    assert.ok(isError);
    assert.match(
      text,
      /^Error: Server 'notes' was not added: notes wants a login[^]*Then call mcp-add again\.$/,
    );
    const logged = gateway.line(/^> Logged in to notes$/);
    await browse(/http:\S+/.exec(text)![0]);
    await logged;
    assert.match((await call(client, "mcp-add", { name: "notes" })).text, /Successfully added 2 tools/);
  });
});
