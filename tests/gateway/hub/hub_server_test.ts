/** The Docker Hub server as the official client sees it, in front of a stand-in for the Hub. */
import { deepStrictEqual as equal, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { HubClient } from "../../../gateway/hub/hub_client.ts";
import { answerHubRequest } from "../../../gateway/hub/hub_http.ts";
import { hubServer } from "../../../gateway/hub/hub_server.ts";
import { rateLimitNote, rateLimitText } from "../../../gateway/hub/rate_limit.ts";
import { type CallToolResult, Client, InMemoryTransport } from "../../../gateway/mcp/sdk.ts";
import { StreamableHTTPClientTransport } from "../../../gateway/mcp/sdk_http.ts";
import { hubStandIn, hubUser } from "../../support/hub_stand_in.ts";

const login = { username: hubUser.username, token: hubUser.pat };

async function clientOf(hub: HubClient): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await hubServer(hub).connect(theirs);
  const client = new Client({ name: "test", version: "1" });
  await client.connect(ours);
  await client.listTools(); // from here on results are checked against the output schemas
  return client;
}

type Called = CallToolResult & { structuredContent: any };
const call = async (client: Client, name: string, args: Record<string, unknown>) =>
  await client.callTool({ name, arguments: args }) as Called;
const textOf = ({ content }: CallToolResult) =>
  content.map((part) => part.type === "text" ? part.text : "").join("\n");

Deno.test("the documented names are the tools", async () => {
  const client = await clientOf(new HubClient());
  const { tools } = await client.listTools();
  equal(tools.map(({ name }) => name), [
    "check-repository",
    "check-repository-tag",
    "check-repository-tags",
    "create-repository",
    "docker-hardened-images",
    "get-namespaces",
    "get-repository-dockerfile",
    "get-repository-info",
    "list-repositories-by-namespace",
    "list-repository-tags",
    "read-repository-tag",
    "search",
    "set-repository-dockerfile",
    "update-repository-info",
  ]);
  const writers = tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name);
  equal(writers, ["create-repository", "set-repository-dockerfile", "update-repository-info"]);
});

const app = { namespace: "ada", repository: "app" };
/** Tool, arguments -> the request that the Hub gets. */
const requests: [string, Record<string, unknown>, string][] = [
  [
    "list-repositories-by-namespace",
    { namespace: "ada", ordering: "-pull_count" },
    "GET /v2/namespaces/ada/repositories?page=1&page_size=10&ordering=-pull_count&media_types=&content_types=",
  ],
  [
    "listRepositoriesByNamespace",
    { namespace: "ada", page: 2, page_size: 5 },
    "GET /v2/namespaces/ada/repositories?page=2&page_size=5&media_types=&content_types=",
  ],
  ["get-repository-info", app, "GET /v2/namespaces/ada/repositories/app"],
  ["check-repository", app, "HEAD /v2/namespaces/ada/repositories/app"],
  ["check-repository-tags", app, "HEAD /v2/namespaces/ada/repositories/app/tags"],
  ["checkRepositoryTag", { ...app, tag: "v1" }, "HEAD /v2/namespaces/ada/repositories/app/tags/v1"],
  [
    "list-repository-tags",
    { repository: "nginx", architecture: "arm64" },
    "GET /v2/namespaces/library/repositories/nginx/tags?page=1&page_size=10&architecture=arm64",
  ],
  ["read-repository-tag", { ...app, tag: "v1" }, "GET /v2/namespaces/ada/repositories/app/tags/v1"],
  ["get-namespaces", {}, "GET /v2/user/orgs?page=1&page_size=10"],
  [
    "search",
    { query: "nginx", badges: ["official", "open_source"], size: 3 },
    "GET /api/search/v4?custom_boosted_results=true&query=nginx&badges=official%2Copen_source&size=3",
  ],
  ["docker-hardened-images", { organisation: "acme" }, "POST /v1/graphql"],
  [
    "get-repository-dockerfile",
    { namespace: "library", repository: "nginx" },
    "GET /v2/repositories/library/nginx/dockerfile/",
  ],
];

for (const [name, args, request] of requests) {
  Deno.test(`${name} asks ${request.split("?")[0]}`, async () => {
    await using hub = hubStandIn();
    const client = await clientOf(new HubClient({ hub: hub.url, scout: hub.url }, login));
    const result = await call(client, name, args);
    ok(!result.isError, textOf(result));
    ok(result.structuredContent);
    equal(hub.requests, ["POST /v2/users/login", request]);
  });
}

Deno.test("a result is a sentence with data, and the Hub's object", async () => {
  await using hub = hubStandIn();
  const result = await call(
    await clientOf(new HubClient({ hub: hub.url }, login)),
    "get-repository-info",
    app,
  );
  const [sentence, data] = textOf(result).split("\n");
  strictEqual(sentence, "The repository ada/app:");
  const { content, isAuthenticated, code } = JSON.parse(data);
  equal([content, isAuthenticated, code], [result.structuredContent, true, 200]);
  strictEqual(content.name, "app");
});

Deno.test("a repository is made and changed", async () => {
  await using hub = hubStandIn();
  const client = await clientOf(new HubClient({ hub: hub.url }, login));
  const made = await call(client, "create-repository", { namespace: "ada", name: "new", is_private: true });
  equal([made.structuredContent.name, made.structuredContent.is_private], ["new", true]);
  const again = await call(client, "create-repository", { namespace: "ada", name: "new" });
  strictEqual(again.isError, true);
  match(textOf(again), /409: Repository exists/);
  const off = await call(client, "update-repository-info", {
    namespace: "ada",
    repository: "new",
    status: "inactive",
  });
  strictEqual(off.structuredContent.status, 0);
  match(textOf(off), /Warning: nothing can be pushed/);
  equal(hub.bodies.at(-1), { status: 0 });
  match(
    textOf(await call(client, "create-repository", { namespace: "ada", name: "new-repository" })),
    /placeholder/,
  );
});

Deno.test("a Dockerfile that was set is found, and the description around it stays", async () => {
  await using hub = hubStandIn();
  const client = await clientOf(new HubClient({ hub: hub.url }, login));
  const dockerfile = "FROM debian\nRUN echo '```'";
  for (const text of ["FROM scratch", dockerfile]) {
    ok(!(await call(client, "set-repository-dockerfile", { ...app, dockerfile: text })).isError);
  }
  const found = await call(client, "get-repository-dockerfile", app);
  equal(found.structuredContent, { dockerfile, source: "description" });
  match(hub.bodies.at(-1).full_description, /^# App\n\n<!-- dockerfile -->/);
  const none = await call(client, "get-repository-dockerfile", { namespace: "ada", repository: "vault" });
  match(textOf(none), /has no Dockerfile/);
});

Deno.test("without a log-in public content is read and nothing is changed", async () => {
  await using hub = hubStandIn();
  for (
    const half of [{}, { username: "ada" }, { token: hubUser.pat }, { username: "", token: hubUser.pat }]
  ) {
    hub.requests.length = 0;
    const client = await clientOf(new HubClient({ hub: hub.url, scout: hub.url }, half));
    match(textOf(await call(client, "search", { query: "nginx" })), /The request was not authenticated/);
    match(
      textOf(await call(client, "check-repository", { namespace: "ada", repository: "vault" })),
      /does not exist/,
    );
    const refused: [string, Record<string, unknown>][] = [
      ["create-repository", { namespace: "ada", name: "x" }],
      ["update-repository-info", { ...app, description: "x" }],
      ["set-repository-dockerfile", { ...app, dockerfile: "FROM x" }],
      ["get-namespaces", {}],
      ["docker-hardened-images", { organisation: "acme" }],
    ];
    for (const [name, args] of refused) {
      const result = await call(client, name, args);
      strictEqual(result.isError, true);
      match(textOf(result), /needs a log-in.*HUB_PAT_TOKEN/s);
    }
    equal(hub.requests.length, 2); // the refused ones never reached the Hub
  }
});

Deno.test("one log-in serves many calls, and a token that ended early is replaced", async () => {
  await using hub = hubStandIn();
  const client = await clientOf(new HubClient({ hub: hub.url }, login));
  await Promise.all([1, 2, 3, 4].map(() => call(client, "get-repository-info", app)));
  const logins = () => hub.requests.filter((request) => request.endsWith("/login")).length;
  strictEqual(logins(), 1);
  hub.revokeTokens();
  ok(!(await call(client, "get-repository-info", app)).isError);
  strictEqual(logins(), 2);
});

Deno.test("a wrong token is told and never shown", async () => {
  await using hub = hubStandIn();
  const client = await clientOf(
    new HubClient({ hub: hub.url }, { username: "ada", token: "dckr_pat_wrong" }),
  );
  const text = textOf(await call(client, "search", { query: "x" }));
  match(text, /refuses the log-in of ada/);
  ok(!text.includes("dckr_pat_wrong"));
});

Deno.test("a used-up rate limit is told with its end", async () => {
  await using hub = hubStandIn();
  hub.limit = { "x-ratelimit-limit": "180", "x-ratelimit-remaining": "0", "x-retry-after": "4000000000" };
  const result = await call(await clientOf(new HubClient({ hub: hub.url })), "get-repository-info", app);
  strictEqual(result.isError, true);
  match(
    textOf(result),
    /rate limit \(180 requests\) is used up; it starts anew at 2096-10-02T07:06:40Z.*log in/,
  );
});

const html = (status: number) =>
  new Response("<html>hello", { status, headers: { "content-type": "text/html" } });
const faults: Record<string, [answer: (request: Request) => Response | undefined, told: RegExp]> = {
  "401 again and again": [
    () => Response.json({ detail: "no" }, { status: 401 }),
    /refuses the log-in of ada/,
  ],
  "401 but to the log-in": [
    ({ url }) => url.endsWith("/login") ? undefined : Response.json({ detail: "no" }, { status: 401 }),
    /answers 401: no\. The user or the token has no right to this/,
  ],
  "403": [
    ({ url }) => url.endsWith("/login") ? undefined : Response.json({ message: "denied" }, { status: 403 }),
    /answers 403: denied\. The user or the token has no right/,
  ],
  "404": [({ url }) => url.endsWith("/login") ? undefined : html(404), /answers 404\. Check the names/],
  "429 with a date": [
    () => new Response(null, { status: 429, headers: { "retry-after": "Tue, 02 Oct 2096 07:06:40 GMT" } }),
    /rate limit is used up; it starts anew at 2096-10-02T07:06:40Z/,
  ],
  "500": [({ url }) => url.endsWith("/login") ? undefined : html(500), /answers 500/],
  "500 to the log-in": [() => html(500), /^Docker Hub answers 500$/],
  "a page in place of JSON": [
    ({ url }) => url.endsWith("/login") ? undefined : html(200),
    /127\.0\.0\.1:\d+ answers 200 to \S+ with what is not Docker Hub's\. Something in between/,
  ],
  "a page in place of the log-in": [() => html(200), /answers 200 to \/v2\/users\/login with what is not/],
  "fields of other types": [
    ({ url }) => url.endsWith("/login") ? undefined : Response.json({ name: "app", pull_count: "1B+" }),
    /not as documented \(pull_count: .*\n.*\n.*"pull_count":"1B\+"/,
  ],
};
for (const [name, [answer, told]] of Object.entries(faults)) {
  Deno.test(`when the Hub answers ${name}, the model is told`, async () => {
    await using hub = hubStandIn();
    hub.instead = answer;
    const client = await clientOf(new HubClient({ hub: hub.url }, login));
    const result = await call(client, "get-repository-info", app);
    strictEqual(result.isError, true);
    match(textOf(result), told);
    ok(!JSON.stringify(result).includes(hubUser.pat));
  });
}

Deno.test("a log-in that is sent elsewhere does not go there", async () => {
  await using elsewhere = hubStandIn();
  await using hub = hubStandIn();
  hub.instead = ({ url }) =>
    url.endsWith("/login") ? Response.redirect(`${elsewhere.url}/v2/users/login`, 307) : undefined;
  const client = await clientOf(new HubClient({ hub: hub.url }, login));
  match(
    textOf(await call(client, "get-repository-info", app)),
    /redirects to .*: what was posted is not sent there/,
  );
  equal(elsewhere.requests, []);
});

Deno.test("limits in words", () => {
  const now = 1_700_000_000_000;
  strictEqual(
    rateLimitText(new Headers({ "retry-after": "30" }), now),
    "Docker Hub's rate limit is used up; it starts anew at 2023-11-14T22:13:50Z (in 30 s)",
  );
  const left = (remaining: string) =>
    rateLimitNote(new Headers({ "x-ratelimit-limit": "100", "x-ratelimit-remaining": remaining }), true, now);
  equal([left("50"), left("7")], [undefined, "Docker Hub's rate limit: 7 of 100 requests left."]);
});

Deno.test("arguments that are wrong never reach the Hub", async () => {
  await using hub = hubStandIn();
  const client = await clientOf(new HubClient({ hub: hub.url }));
  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ["get-repository-info", { namespace: "ada" }, /repository/],
    ["get-repository-info", { namespace: "../user", repository: "x" }, /namespace/],
    ["read-repository-tag", { ...app, tag: "a/../../b" }, /tag/],
    ["list-repository-tags", { repository: "nginx", page: 0 }, /page/],
    ["search", { query: "" }, /query/],
  ];
  for (const [name, args, told] of wrong) {
    const result = await call(client, name, args);
    strictEqual(result.isError, true);
    match(textOf(result), told);
  }
  equal(hub.requests, []);
  await rejects(call(client, "delete-everything", {}), /There is no tool/);
});

Deno.test("the token goes over https or stays on this machine", () => {
  throws(() => new HubClient({ hub: "http://hub.example.com" }), /no address/);
  strictEqual(new HubClient({ hub: "https://hub.example.com/" }).hub, "https://hub.example.com");
});

Deno.test("over HTTP: stateless, with a token and known hosts and origins", async () => {
  await using hub = hubStandIn();
  const client = new HubClient({ hub: hub.url }, login);
  const access = { token: "word", hosts: ["hub.internal"], origins: ["https://app.example"] };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answerHubRequest(client, access, request),
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}/mcp`);
  const mcp = new Client({ name: "test", version: "1" });
  await mcp.connect(
    new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: "Bearer word" } },
    }) as never,
  );
  strictEqual((await mcp.listTools()).tools.length, 14);
  ok(!(await call(mcp, "get-repository-info", app)).isError);
  await mcp.close();
  const ask = (headers: Record<string, string>, method = "POST", path = "/mcp") =>
    answerHubRequest(client, access, new Request(`http://x${path}`, { method, headers }));
  const good = { host: "hub.internal:3000", authorization: "Bearer word" };
  const refused: [Record<string, string>, string, number, number][] = [
    [{ ...good, host: "evil.example" }, "POST", 403, -32003],
    [{ ...good, origin: "https://evil.example" }, "POST", 403, -32003],
    [{ ...good, authorization: "Bearer no" }, "POST", 401, -32001],
    [{ ...good, origin: "https://app.example" }, "GET", 405, -32000],
  ];
  for (const [headers, method, status, code] of refused) {
    const response = await ask(headers, method);
    equal([response.status, (await response.json()).error.code], [status, code]);
  }
  const asked = await fetch(url, { // as curl does, which says Accept: */*
    method: "POST",
    headers: { accept: "*/*", "content-type": "application/json", authorization: "Bearer word" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  });
  strictEqual((await asked.json()).result.tools.length, 14);
  await server.shutdown();
});
