/** Remote servers over streamable HTTP whose network, sessions and redirects are not as one wishes. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Client } from "../../../../gateway/mcp/sdk.ts";
import { certificates } from "../../../support/certificates.ts";
import { realTest } from "../../../support/parts.ts";
import { until } from "../../../support/proxy_process.ts";
import { enabled, type TestGateway, testGateway } from "../../../support/mcp/fixture.ts";
import {
  type RemoteStandIn,
  remoteStandIn,
  type StandInOptions,
} from "../../../support/mcp/remote_stand_in.ts";

const env = { get: (name: string) => name === "DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS" ? "1" : undefined };

interface Parts {
  standIn: RemoteStandIn;
  test: TestGateway;
  client: Client;
  /** Resolves when the server has told the client that a call of `wait` waits. */
  waits: Promise<void>;
}

function remoteTest(
  name: string,
  options: StandInOptions,
  fn: (parts: Parts) => Promise<void>,
  headers: Record<string, string> = {},
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using standIn = remoteStandIn(options);
      const remote = { url: standIn.url, transport_type: "streamable-http", headers };
      const secrets = [{ name: "there.key", env: "KEY" }];
      const server = {
        ...enabled({ name: "there", type: "remote", remote, secrets }),
        secrets: new Map([["there.key", "s3cret-value"]]),
      };
      await using test = testGateway([server], { env });
      const waits = Promise.withResolvers<void>();
      const client = await test.connect({
        prepare(client) {
          client.fallbackNotificationHandler = () => Promise.resolve(waits.resolve());
        },
      });
      await fn({ standIn, test, client, waits: waits.promise });
    },
  });
}

const call = (client: Client, name: string, args: Record<string, unknown> = {}) =>
  client.callTool({ name, arguments: args });
const done = { content: [{ type: "text", text: "{}" }] };
const initialized = ({ requests }: RemoteStandIn) =>
  requests.filter(({ body }) => body.includes('"method":"initialize"')).length;
const resumed = ({ requests }: RemoteStandIn) =>
  requests.filter(({ headers }) => headers.has("last-event-id"));

remoteTest(
  "headers with secrets are in every request, and nowhere else",
  {},
  async ({ standIn, test, client }) => {
    deepEqual(await call(client, "echo"), done);
    await until(() => standIn.requests.some(({ method }) => method === "GET")); // it is begun beside the calls
    await client.close();
    await test.gateway.close();
    deepEqual([...new Set(standIn.requests.map(({ method }) => method))].sort(), ["DELETE", "GET", "POST"]);
    for (const { headers, body } of standIn.requests) {
      equal(headers.get("authorization"), "Bearer s3cret-value");
      equal(headers.get("x-team"), "s3cret-value/whales");
      ok(!body.includes("s3cret"));
    }
    ok(!test.lines.join("\n").includes("s3cret"));
  },
  { Authorization: "Bearer ${KEY}", "X-Team": "$KEY/whales" },
);

remoteTest("answers may be JSON instead of streams", { json: true }, async ({ client }) => {
  deepEqual(await call(client, "echo", { a: 1 }), { content: [{ type: "text", text: '{"a":1}' }] });
});

for (const how of ["end", "reset"] as const) {
  remoteTest(
    `a stream that breaks off (${how}) is taken up where it was`,
    { resumable: true },
    async ({ standIn, client, waits }) => {
      await call(client, "echo");
      const result = call(client, "wait");
      await waits;
      standIn.drop(how);
      standIn.release();
      deepEqual(await result, done);
      ok(resumed(standIn).length > 0);
      equal(initialized(standIn), 1);
    },
  );

  remoteTest(
    `a call whose stream breaks off (${how}) and cannot be taken up fails, the next one works`,
    {},
    async ({ standIn, client, waits }) => {
      await call(client, "echo");
      const result = call(client, "wait");
      await waits;
      standIn.drop(how);
      await rejects(result, /stream ended before it answered/);
      deepEqual(await call(client, "echo"), done);
      equal(initialized(standIn), 1);
    },
  );
}

/** No answer until the client is gone. */
function never(signal: AbortSignal): Promise<Response> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response())));
}

const noResumption: StandInOptions = {
  resumable: true,
  before: ({ headers }) => headers.has("last-event-id") ? new Response(null, { status: 405 }) : undefined,
};

remoteTest(
  "a call fails whose server says it can be taken up, and then refuses",
  noResumption,
  async ({ standIn, test, client, waits }) => {
    await call(client, "echo");
    const result = call(client, "wait");
    await waits;
    standIn.drop("end");
    await rejects(result, /there cannot be used: it ended before it answered/);
    match(await test.line(/cannot be resumed/), /^there: /);
    deepEqual(await call(client, "echo"), done);
    equal(initialized(standIn), 2);
  },
);

const unknownSession: [number, string][] = [
  [404, "Session not found"],
  [400, "Bad Request: No valid session ID provided"],
];
for (const answer of unknownSession) {
  remoteTest(
    `a session that the server has forgotten (${answer[0]}) is begun anew, within the call`,
    { unknownSession: answer },
    async ({ standIn, test, client }) => {
      await call(client, "echo");
      standIn.forget();
      deepEqual(await Promise.all([call(client, "echo"), call(client, "echo"), call(client, "echo")]), [
        done,
        done,
        done,
      ]);
      equal(initialized(standIn), 2);
      match(await test.line(/session has ended/), /gets a new one/);
    },
  );
}

remoteTest(
  "what is still answered in a forgotten session comes to its end",
  {},
  async ({ standIn, client, waits }) => {
    await call(client, "echo");
    const old = call(client, "wait", { old: true });
    await waits;
    standIn.forget();
    deepEqual(await call(client, "echo"), done);
    standIn.release();
    deepEqual(await old, { content: [{ type: "text", text: '{"old":true}' }] });
  },
);

remoteTest(
  "a server that is gone fails calls in clear words, and is used again when it is back",
  {},
  async ({ standIn, client }) => {
    await call(client, "echo");
    await standIn.stop();
    await rejects(
      call(client, "echo"),
      /: MCP error -32603: The server there cannot be used: 127\.0\.0\.1:\d+ cannot be reached \(.*refused/,
    );
    standIn.forget();
    standIn.start();
    deepEqual(await call(client, "echo"), done);
  },
);

remoteTest("a wrong request is not taken for a lost session", {
  before: (request) =>
    request.headers.get("x-count") === null && request.method === "POST" &&
      request.headers.has("mcp-session-id") && Number(request.headers.get("content-length")) > 400
      ? new Response("Too much", { status: 400 })
      : undefined,
}, async ({ standIn, client }) => {
  await rejects(call(client, "echo", { text: "x".repeat(500) }), /Too much/);
  deepEqual(await call(client, "echo"), done);
  equal(initialized(standIn), 1);
});

Deno.test({
  name: "redirects are followed within the origin only; another one gets no request",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using elsewhere = remoteStandIn();
    const redirecting = (to: string) => (request: Request) =>
      request.url.endsWith("/mcp")
        ? new Response(null, { status: 307, headers: { Location: to } })
        : undefined;
    const cases: [string, string, boolean][] = [
      ["the same place by another path", "/moved", true],
      ["another port", elsewhere.url, false],
      ["another name of this machine", elsewhere.url.replace("127.0.0.1", "localhost"), false],
    ];
    for (const transport_type of ["streamable-http", "sse"]) {
      for (const [what, to, followed] of cases) {
        if (transport_type === "sse" && followed) continue; // the stand-in does not speak it
        await t.step(`${transport_type}: ${what}`, async () => {
          await using standIn = remoteStandIn({ before: redirecting(to) });
          const remote = { url: standIn.url, transport_type, headers: { "X-Key": "k3y" } };
          await using test = testGateway([enabled({ name: "there", type: "remote", remote })], { env });
          const client = await test.connect();
          const { tools } = await client.listTools();
          equal(tools.length > 0, followed, test.lines.join("\n"));
          if (!followed) match(await test.line(/can't start/), /Redirect to \S+ not followed/);
        });
      }
    }
    deepEqual(elsewhere.requests, []);
  },
});

remoteTest("a server that does not answer the farewell does not hold up the end", {
  before: ({ method, signal }) => method === "DELETE" ? never(signal) : undefined,
}, async ({ standIn, test, client }) => {
  await call(client, "echo");
  await test.gateway.close();
  ok(standIn.requests.some(({ method }) => method === "DELETE"));
});

remoteTest("a server's word of changed tools comes over the standing stream, also after it broke", {
  resumable: true,
}, async ({ standIn, test, client }) => {
  await client.listTools();
  const lists = () => standIn.requests.filter(({ body }) => body.includes("tools/list")).length;
  const streams = () => standIn.requests.filter(({ method }) => method === "GET").length;
  await until(() => streams() >= 1);
  const before = lists();
  standIn.drop("reset");
  await until(() => streams() >= 2);
  await standIn.announce();
  await until(() => lists() > before);
  equal(test.lines.some((line) => /ended/.test(line)), false);
});

/** A stream of the older kind that names the place for messages. */
function endpoint(): Response {
  const body = new ReadableStream({
    start: (stream) => stream.enqueue(new TextEncoder().encode("event: endpoint\ndata: /messages\n\n")),
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
const refusedHandshake = () =>
  Response.json({ jsonrpc: "2.0", id: 0, error: { code: -32000, message: "Room 401 is closed" } });

const starts: [
  what: string,
  transport: string,
  before: NonNullable<StandInOptions["before"]>,
  told: RegExp,
][] = [
  ["a refused POST", "streamable-http", () => new Response(null, { status: 401 }), /wants a login/],
  ["a refused stream", "sse", () => new Response(null, { status: 401 }), /wants a login/],
  [
    "a stream whose messages are refused",
    "sse",
    ({ method }) => method === "GET" ? endpoint() : new Response(null, { status: 401 }),
    /wants a login/,
  ],
  ["words that hold the number", "streamable-http", refusedHandshake, /handshake: .*Room 401 is closed/],
  [
    "a long page of HTML",
    "streamable-http",
    () => {
      const page = `<html><head><title>Bad\n gateway</title></head>${"<p>401</p>".repeat(100_000)}`;
      return new Response(page, { status: 502, headers: { "Content-Type": "text/html; charset=utf-8" } });
    },
    /endpoint: a web page, status 502 Bad gateway$/,
  ],
  [
    "a long refusal",
    "streamable-http",
    () => new Response("never ".repeat(9999), { status: 400 }),
    /endpoint: (never ){50,}.*…$/,
  ],
  [
    "no JSON",
    "streamable-http",
    () => new Response("{", { headers: { "Content-Type": "application/json" } }),
    /its answer is no JSON/,
  ],
  [
    "a web page",
    "streamable-http",
    () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    /Unexpected content type: text\/html/,
  ],
  [
    "another refusal",
    "streamable-http",
    () => new Response("nr 401", { status: 403 }),
    /handshake: .*nr 401/,
  ],
];

for (const [what, transport_type, before, told] of starts) {
  Deno.test({
    name: `why a server cannot start is told in few words: ${what} (${transport_type})`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using standIn = remoteStandIn({ before });
      const remote = { url: standIn.url, transport_type };
      await using test = testGateway([enabled({ name: "there", type: "remote", remote })], { env });
      const client = await test.connect();
      await client.listTools();
      match(await test.line(/can't start/), told);
    },
  });
}

realTest(
  "a server behind TLS is used when this machine trusts it, and refused in clear words otherwise",
  certificates,
  async ({ server, expiredServer }, t) => {
    const cases: [what: string, folder: string, trusted: boolean, told: RegExp][] = [
      ["its authority is unknown", server, false, /cannot be reached \(its certificate is not trusted\)/],
      ["its authority is one of the system's", server, true, /tools: echo,wait/],
      ["its time is over", expiredServer, true, /cannot be reached \(its certificate has expired\)/],
    ];
    for (const [what, folder, trusted, told] of cases) {
      await t.step(what, async () => match(await toolsBehindTls(folder, trusted), told));
    }
  },
);

/** What a process tells of a remote server behind TLS: whom it trusts is a matter of the whole process. */
async function toolsBehindTls(folder: string, trusted: boolean): Promise<string> {
  await using standIn = remoteStandIn({ tls: folder });
  const program = new URL("../../../support/mcp/list_remote.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", program, standIn.url],
    env: {
      PATH: Deno.env.get("PATH")!,
      HOME: Deno.env.get("HOME")!,
      DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS: "1",
      DENO_TLS_CA_STORE: "mozilla",
      ...(trusted ? { SSL_CERT_FILE: `${folder.slice(0, folder.lastIndexOf("/"))}/ours/ca.pem` } : {}),
    },
    clearEnv: true,
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout);
}
