/** The gateway over HTTP: who may, sessions, both transports. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { httpFront, type HttpOptions } from "../../../gateway/mcp/gateway/http.ts";
import { gatewayToken, refuse } from "../../../gateway/mcp/gateway/http_access.ts";
import { Client, SUPPORTED_PROTOCOL_VERSIONS } from "../../../gateway/mcp/sdk.ts";
import { SSEClientTransport, StreamableHTTPClientTransport } from "../../../gateway/mcp/sdk_http.ts";
import { fixtureServer, type TestGateway, testGateway } from "../../support/mcp/fixture.ts";

const token = "secret-token";

function httpTest(
  name: string,
  options: Partial<HttpOptions>,
  fn: (url: string, test: TestGateway) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using test = testGateway([fixtureServer()]);
      const front = httpFront(test.gateway, {
        transport: "streaming",
        token,
        public: false,
        hosts: [],
        ...options,
      });
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, front.fetch);
      await fn(`http://127.0.0.1:${server.addr.port}`, test);
      await front.close();
    },
  });
}

const headers = {
  Authorization: `Bearer ${token}`,
  Accept: "application/json, text/event-stream",
  "Content-Type": "application/json",
};
const initialize = (protocolVersion = "2025-06-18") =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } },
  });

const refused: [string, Record<string, string>, number][] = [
  ["no token", { Authorization: "" }, 401],
  ["a wrong token", { Authorization: "Bearer secret-tokem" }, 401],
  ["an origin that is not this machine", { Origin: "https://evil.example" }, 403],
  ["an origin that only begins like this machine", { Origin: "http://localhost.evil.example" }, 403],
];

httpTest("who may not is refused; health needs no token", {}, async (url) => {
  for (const [what, changed, status] of refused) {
    const response = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: { ...headers, ...changed },
      body: "{}",
    });
    equal(response.status, status, what);
    if (status === 401) {
      equal(response.headers.get("www-authenticate"), 'Bearer realm="MCP Gateway"');
      equal(await response.text(), "Unauthorized");
    } else await response.body?.cancel();
  }
  const health = await fetch(`${url}/health`);
  equal(health.status, 200);
  equal(await health.text(), "");
  const elsewhere = await fetch(`${url}/other`, { headers, redirect: "manual" });
  equal(elsewhere.status, 307);
  equal(elsewhere.headers.get("location"), "/mcp");
});

/** Whether requests pass by a name: to this machine only, to all addresses with a token, and without one. */
const names: [host: string, here: boolean, withToken: boolean, without: boolean][] = [
  ["localhost:8811", true, true, true],
  ["[::1]:8811", true, true, true],
  ["192.168.1.7:8811", false, true, true],
  ["gateway:8811", false, true, true], // a service of Compose
  ["nas.local:8811", false, true, false],
  ["evil.example", false, true, false],
  ["localhost.evil.example", false, true, false],
];

Deno.test("by which names a gateway is reached", () => {
  for (const [host, ...expected] of names) {
    const accesses = [{ public: false, token }, { public: true, token }, { public: true }];
    const passed = accesses.map((access) => {
      const request = new Request(`http://${host}/mcp`, { headers: { Authorization: `Bearer ${token}` } });
      return refuse(request, { ...access, hosts: [] }) === undefined;
    });
    deepEqual(passed, expected, host);
  }
});

httpTest("every protocol version is spoken, each client in a session of its own", {}, async (url, test) => {
  const ids = new Set<string>();
  for (const version of SUPPORTED_PROTOCOL_VERSIONS) {
    const response = await fetch(`${url}/mcp`, { method: "POST", headers, body: initialize(version) });
    match(await response.text(), new RegExp(`"protocolVersion":"${version}"`));
    ids.add(response.headers.get("mcp-session-id")!);
  }
  equal(ids.size, SUPPORTED_PROTOCOL_VERSIONS.length);
  equal(test.gateway.sessions.size, ids.size);
  for (const id of ids) {
    const response = await fetch(`${url}/mcp`, {
      method: "DELETE",
      headers: { ...headers, "mcp-session-id": id },
    });
    equal(response.status, 200);
    await response.body?.cancel();
  }
  equal(test.gateway.sessions.size, 0);
});

httpTest("an unknown session is not found, and what is no initialize begins none", {}, async (url, test) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const unknown = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { ...headers, "mcp-session-id": "x" },
    body,
  });
  equal(unknown.status, 404);
  const none = await fetch(`${url}/mcp`, { method: "POST", headers, body });
  equal(none.status, 400);
  await Promise.all([unknown.body?.cancel(), none.body?.cancel()]);
  equal(test.gateway.sessions.size, 0);
});

for (const transport of ["streaming", "sse"] as const) {
  httpTest(`several clients call over ${transport}, and are asked back`, { transport }, async (url) => {
    const clients = await Promise.all(["one", "two"].map(async (name) => {
      const client = new Client({ name, version: "1" }, { capabilities: { roots: {} } });
      client.fallbackRequestHandler = () => Promise.resolve({ roots: [{ uri: `file:///${name}` }] });
      const requestInit = { headers: { Authorization: `Bearer ${token}` } };
      await client.connect(
        transport === "sse"
          ? new SSEClientTransport(new URL(`${url}/sse`), { requestInit })
          : new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }) as never,
      );
      return client;
    }));
    const answers = await Promise.all(
      clients.map((client) => client.callTool({ name: "test_roots", arguments: {} })),
    );
    deepEqual(answers.map(({ content }) => (content as { text: string }[])[0].text), [
      "file:///one",
      "file:///two",
    ]);
    await Promise.all(clients.map((client) => client.close()));
  });
}

httpTest(
  "a stream of a call begins with an id and when to come again; who comes again gets the answer",
  {},
  async (url) => {
    const newest = "2025-11-25";
    const begun = await fetch(`${url}/mcp`, { method: "POST", headers, body: initialize(newest) });
    const session = {
      ...headers,
      "mcp-session-id": begun.headers.get("mcp-session-id")!,
      "mcp-protocol-version": newest,
    };
    await begun.text();
    const params = { name: "test_reconnection", arguments: {} };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/call", params });
    const stream = (await fetch(`${url}/mcp`, { method: "POST", headers: session, body })).body!.getReader();
    let begin = "";
    while (!begin.includes("\n\n")) begin += new TextDecoder().decode((await stream.read()).value);
    // A slow reader gets the answer in one piece with the first event.
    const [, id] = /^id: (\S+)\nretry: \d+\ndata: \n\n/.exec(begin)!;
    await stream.cancel(); // the connection breaks
    const again = await fetch(`${url}/mcp`, { headers: { ...session, "last-event-id": id } });
    const reader = again.body!.getReader();
    let text = "";
    while (!text.includes('"id":2')) text += new TextDecoder().decode((await reader.read()).value);
    match(text, /Reconnection test completed successfully/);
    await reader.cancel();
  },
);

/** Headers of a session that has begun. */
async function begin(url: string): Promise<Record<string, string>> {
  const begun = await fetch(`${url}/mcp`, { method: "POST", headers, body: initialize() });
  await begun.text();
  return { ...headers, "mcp-session-id": begun.headers.get("mcp-session-id")! };
}

const ping = (id: unknown = 1) => JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
const call = (id: number, name: string) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {} } });

const accepts: [accept: string, status: number][] = [
  ["*/*", 200],
  ["Application/JSON;q=0.9, text/*", 200],
  ["application/json", 406],
  ["text/html", 406],
];

httpTest("what a client accepts may be said with wildcards", {}, async (url) => {
  for (const [Accept, status] of accepts) {
    const response = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: { ...headers, Accept },
      body: initialize(),
    });
    equal(response.status, status, Accept);
    await response.body?.cancel();
  }
});

const refusedPosts: [
  what: string,
  body: BodyInit,
  changed: Record<string, string>,
  status: number,
  told: RegExp,
][] = [
  [
    "an initialize that lacks something",
    '{"jsonrpc":"2.0","id":4,"method":"initialize"}',
    {},
    400,
    /"id":4.*-32602.*clientInfo/,
  ],
  ["a first request that is no initialize", ping(), {}, 400, /begins with a POST of `initialize`/],
  ["a packed body", ping(), { "content-encoding": "gzip" }, 415, /gzip is not read here/],
  ["no JSON", "{broken", {}, 400, /-32700.*no JSON/],
  ["a batch of nothing", "[]", {}, 400, /-32600.*at least one/],
  [
    "an id that would not come back as it is",
    '{"jsonrpc":"2.0","id":1764255000000000001,"method":"ping"}',
    {},
    400,
    /whole number/,
  ],
  ["one id twice in a batch", `[${ping()},${ping()}]`, {}, 400, /"id":1.*-32600.*another request/],
];

httpTest(
  "what is posted wrong is refused with what is wrong, and begins no session",
  {},
  async (url, test) => {
    const session = await begin(url);
    for (const [what, body, changed, status, told] of refusedPosts) {
      const base = what.startsWith("one id") ? session : headers;
      const response = await fetch(`${url}/mcp`, { method: "POST", headers: { ...base, ...changed }, body });
      equal(response.status, status, what);
      match(await response.text(), told);
    }
    equal(test.gateway.sessions.size, 1);
  },
);

for (
  const [transport, place, methods] of [["streaming", "/mcp", ["HEAD", "PUT"]], ["sse", "/sse", [
    "HEAD",
    "POST",
  ]]] as const
) {
  httpTest(
    `${transport} refuses methods that are not its own, and begins no session`,
    { transport },
    async (url, test) => {
      for (const method of methods) {
        const response = await fetch(`${url}${place}`, { method, headers });
        equal(response.status, 405, method);
        ok(response.headers.get("allow"));
        await response.body?.cancel();
      }
      equal(test.gateway.sessions.size, 0);
    },
  );
}

/** Reads a stream until it has said something; gives all that it has said. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, what: string): Promise<string> {
  let text = "";
  while (!text.includes(what)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It ended before "${what}": ${text}`);
    text += new TextDecoder().decode(value);
  }
  return text;
}

httpTest(
  "of two requests with one id at once the second is refused; cancelled, the first one's stream ends",
  {},
  async (url) => {
    const session = await begin(url);
    const post = (body: string) => fetch(`${url}/mcp`, { method: "POST", headers: session, body });
    const first = (await post(call(7, "test_endless"))).body!.getReader();
    await readUntil(first, '"endless"');
    const second = await post(call(7, "test_simple_text"));
    equal(second.status, 400);
    match(await second.text(), /"id":7.*-32600.*The id 7 is that of another request/);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    equal((await post(JSON.stringify(cancel))).status, 202);
    while (!(await first.read()).done);
    match(await (await post(call(7, "test_simple_text"))).text(), /simple text response/);
  },
);

httpTest(
  "the stream of a batch ends when one request of it is cancelled and the others are answered",
  {},
  async (url) => {
    const session = await begin(url);
    const post = (body: string) => fetch(`${url}/mcp`, { method: "POST", headers: session, body });
    const both = (await post(`[${call(1, "test_endless")},${ping(2)}]`)).body!.getReader();
    await readUntil(both, '"id":2');
    await (await post('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}')).body
      ?.cancel();
    while (!(await both.read()).done);
  },
);

const wrongPosts: [body: () => BodyInit, status: number, session?: string][] = [
  [() => "{broken", 400],
  [() => "[5]", 400],
  [() => JSON.stringify({ id: 1, method: "ping" }), 400],
  [() => new Uint8Array(64 * 1024 * 1024 + 1), 413],
  [() => "{}", 404, "nobody"],
];

httpTest("over sse, what is no message or too long is refused", { transport: "sse" }, async (url, test) => {
  const reader = (await fetch(`${url}/sse`, { headers })).body!.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  const [, place] = /data: (\S+)/.exec(said)!;
  for (const [body, status, session] of wrongPosts) {
    const to = session === undefined ? place : `/message?sessionId=${session}`;
    const response = await fetch(`${url}${to}`, { method: "POST", headers, body: body() });
    equal(response.status, status);
    await response.body?.cancel();
  }
  equal(test.gateway.sessions.size, 1);
  await reader.cancel();
});

Deno.test("a token is the given one, or 50 random letters and digits", () => {
  const none = { get: () => undefined };
  match(gatewayToken(none).token, /^[a-z0-9]{50}$/);
  notEqual(gatewayToken(none).token, gatewayToken(none).token);
  deepEqual(gatewayToken({ get: () => "mine" }), { token: "mine", given: true });
  ok(!gatewayToken(none).given);
});
