/** What goes through the gateway, both ways, between a client and its servers. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Client, ClientCapabilities, McpError } from "../../../gateway/mcp/sdk.ts";
import {
  enabled,
  fixtureServer,
  programServer,
  type TestGateway,
  testGateway,
} from "../../support/mcp/fixture.ts";
import { remoteStandIn } from "../../support/mcp/remote_stand_in.ts";
import { until } from "../../support/proxy_process.ts";

function gatewayTest(
  name: string,
  fn: (test: TestGateway) => Promise<void>,
  servers = () => [fixtureServer()],
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using test = testGateway(servers());
      await fn(test);
    },
  });
}

/** A client that remembers what it was told. */
async function listening(
  test: TestGateway,
  capabilities: ClientCapabilities = {},
  answers: Record<string, any> = {},
) {
  const told: { method: string; params?: any }[] = [];
  const asked: { method: string; params?: any }[] = [];
  let heard = Promise.withResolvers<void>();
  const client = await test.connect({
    capabilities,
    prepare(client) {
      client.fallbackNotificationHandler = (notification) => {
        told.push(notification);
        heard.resolve();
        heard = Promise.withResolvers();
        return Promise.resolve();
      };
      client.fallbackRequestHandler = (request) => {
        asked.push(request);
        return Promise.resolve(answers[request.method]);
      };
    },
  });
  const hears = async (method: string) => {
    for (;;) {
      const found = told.find((one) => one.method === method);
      if (found) return found;
      await heard.promise;
    }
  };
  return { client, told, asked, hears };
}

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[])[0].text;
}

gatewayTest("a result is handed on as it is", async (test) => {
  const client = await test.connect();
  const result = await client.callTool({ name: "test_echo", arguments: { deep: [1, { a: null }] } });
  deepEqual(result.structuredContent, { deep: [1, { a: null }] });
  deepEqual(result._meta, { kept: true });
});

gatewayTest(
  "a tool can be called before anything is listed, and its server starts once for many calls",
  async (test) => {
    const client = await test.connect();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.callTool({ name: "test_echo", arguments: { i } })),
    );
    equal(test.lines.filter((line) => /not isolated/.test(line)).length, 1);
  },
);

gatewayTest("sampling, elicitation of both kinds and roots reach the client that called", async (test) => {
  const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
  const answers = (name: string) => ({
    "sampling/createMessage": {
      role: "assistant",
      model: "m",
      content: { type: "text", text: `I am ${name}` },
    },
    "elicitation/create": { action: "accept", content: { username: name, email: "e" } },
    "roots/list": { roots: [{ uri: `file:///${name}` }] },
  });
  const [one, two] = await Promise.all([
    listening(test, capabilities, answers("one")),
    listening(test, capabilities, answers("two")),
  ]);
  for (const [{ client, asked, hears }, name] of [[one, "one"], [two, "two"]] as const) {
    equal(await textOf(client, "test_sampling", { prompt: "who?" }), `LLM response: I am ${name}`);
    match(await textOf(client, "test_elicitation", { message: "?" }), new RegExp(`action=accept.*${name}`));
    equal(await textOf(client, "test_roots"), `file:///${name}`);
    equal(await textOf(client, "test_elicitation_url"), "action=accept");
    await hears("notifications/elicitation/complete");
    deepEqual(asked.map(({ method }) => method), [
      "sampling/createMessage",
      "elicitation/create",
      "roots/list",
      "elicitation/create",
    ]);
    equal(asked[3].params.mode, "url");
  }
});

gatewayTest("a client that has no model is not asked", async (test) => {
  const client = await test.connect();
  await rejects(textOf(client, "test_sampling", { prompt: "?" }), /does not support sampling/);
});

gatewayTest("progress comes with the client's token, before the result", async (test) => {
  const client = await test.connect();
  const made: number[] = [];
  await client.callTool({ name: "test_tool_with_progress", arguments: {} }, undefined, {
    onprogress: ({ progress }) => made.push(progress),
  });
  deepEqual(made, [0, 50, 100]);
});

gatewayTest("a cancelled call is cancelled at the server", async (test) => {
  const { client, told, hears } = await listening(test);
  const abort = new AbortController();
  const call = client.callTool({ name: "test_endless", arguments: {} }, undefined, { signal: abort.signal });
  equal((await hears("notifications/message")).params.data, "endless");
  told.length = 0;
  abort.abort(new Error("enough"));
  await rejects(call);
  equal((await hears("notifications/message")).params.data, "cancelled");
});

gatewayTest(
  "the level of the log is set at servers that run, and at those that start later",
  async (test) => {
    const [before, after] = [await test.connect(), await test.connect()];
    await before.listTools();
    for (const client of [before, after]) {
      await client.setLoggingLevel("error");
      equal(await textOf(client, "test_level"), "error");
    }
  },
);

gatewayTest("log messages of a server reach its client", async (test) => {
  const { client, told } = await listening(test);
  await textOf(client, "test_tool_with_logging");
  equal(told.filter(({ method }) => method === "notifications/message").length, 3);
});

gatewayTest("a subscription reaches the resource's server, and so does its end", async (test) => {
  const { client, hears } = await listening(test);
  const uri = "test://watched-resource";
  await client.subscribeResource({ uri });
  equal(await textOf(client, "test_update_resource", { uri }), "told");
  equal((await hears("notifications/resources/updated")).params.uri, uri);
  await client.unsubscribeResource({ uri });
  equal(await textOf(client, "test_update_resource", { uri }), "nobody has subscribed");
});

gatewayTest("a tool that a server adds is told of and can be called", async (test) => {
  const { client, hears } = await listening(test);
  await client.listTools();
  await textOf(client, "test_add_tool", { name: "added_later" });
  await hears("notifications/tools/list_changed");
  ok((await client.listTools()).tools.some(({ name }) => name === "added_later"));
  equal(await textOf(client, "added_later"), "added");
});

gatewayTest("a tool is called as soon as its server has added it", async (test) => {
  const client = await test.connect();
  await client.listTools();
  await textOf(client, "test_add_tool", { name: "added_just_now" });
  equal(await textOf(client, "added_just_now"), "added");
});

gatewayTest("prompts, resources, templates and completion find their server", async (test) => {
  const client = await test.connect();
  const args = { arg1: "a", arg2: "b" };
  const prompt = await client.getPrompt({ name: "test_prompt_with_arguments", arguments: args });
  match(JSON.stringify(prompt.messages), /arg1='a'/);
  const { contents } = await client.readResource({ uri: "test://template/7/data" });
  match(JSON.stringify(contents), /"templateTest\\":true/);
  equal((await client.listResourceTemplates()).resourceTemplates.length, 1);
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: "test_prompt_with_arguments" },
    argument: { name: "arg1", value: "par" },
  });
  equal(completion.values[0], "paris");
  const inTemplate = await client.complete({
    ref: { type: "ref/resource", uri: "test://template/{id}/data" },
    argument: { name: "id", value: "par" },
  });
  equal(inTemplate.completion.total, 150);
});

gatewayTest("what nobody has is refused in the protocol's words", async (test) => {
  const client = await test.connect();
  const code = (promise: Promise<unknown>) => promise.then(() => 0, (error) => (error as McpError).code);
  equal(await code(client.callTool({ name: "nobody_has_this", arguments: {} })), -32602);
  equal(await code(client.getPrompt({ name: "nobody_has_this" })), -32602);
  equal(await code(client.readResource({ uri: "nobody://has-this" })), -32002);
  equal(await code(client.request({ method: "nobody/has" } as never, {} as never)), -32601);
});

const lacking: [method: string, params: Record<string, unknown>, words: RegExp][] = [
  ["tools/call", {}, /needs a name/],
  ["tools/call", { name: "test_echo", arguments: [] }, /arguments of test_echo are no object/],
  ["prompts/get", {}, /needs a name/],
  ["resources/read", {}, /needs a uri/],
  ["resources/subscribe", { uri: 5 }, /needs a uri/],
  ["completion/complete", { argument: { name: "a", value: "" } }, /ref\/prompt or a ref\/resource/],
  ["logging/setLevel", { level: "loud" }, /no level loud; there are debug, .*emergency/],
  ["tasks/get", {}, /needs a taskId/],
];

gatewayTest("a request that lacks something is told what", async (test) => {
  const client = await test.connect();
  for (const [method, params, words] of lacking) {
    const request = client.request({ method, params } as never, {} as never);
    await rejects(request, (error: McpError) => error.code === -32602 && words.test(error.message), method);
  }
});

gatewayTest("a server that ended is started again by the next call", async (test) => {
  const client = await test.connect();
  await rejects(textOf(client, "test_exit"), /fixture .* ended before it answered/);
  match(await test.line(/ended with code/), /fixture: ended with code 3/);
  equal(await textOf(client, "test_level"), "info");
});

gatewayTest(
  "of two servers with the same names the later one's get its name in front, and it is told",
  async (test) => {
    const client = await test.connect();
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    ok(names.includes("test_echo") && names.includes("second__test_echo"));
    equal(new Set(names).size, names.length);
    deepEqual(JSON.parse(await textOf(client, "second__test_echo", { a: 1 })), { a: 1 });
    await client.getPrompt({ name: "second__test_simple_prompt" });
    ok(test.lines.some((line) => /"test_echo" of second is called "second__test_echo"/.test(line)));
    ok(test.lines.some((line) => /test:\/\/static-text of second is hidden/.test(line)));
  },
  () => [fixtureServer(), fixtureServer("second")],
);

gatewayTest("a configuration without a server takes its tools away, and tells", async (test) => {
  const { client, hears } = await listening(test);
  await client.listTools();
  await test.gateway.configure([]);
  await hears("notifications/tools/list_changed");
  deepEqual((await client.listTools()).tools, []);
  await test.gateway.configure([fixtureServer()]);
  equal(await textOf(client, "test_level"), "info");
});

/** The fixture with a value, and a call of it that waits for the client's model. */
async function modelAsked(test: TestGateway) {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<any>()];
  const client = await test.connect({
    capabilities: { sampling: {} },
    prepare(client) {
      client.fallbackRequestHandler = () => (asked.resolve(), answer.promise);
    },
  });
  const call = textOf(client, "test_sampling", { prompt: "?" });
  call.catch(() => {}); // it may fail while the test does something else
  await asked.promise;
  const said = { role: "assistant", model: "m", content: { type: "text", text: "at last" } };
  return { client, call, answer: () => answer.resolve(said) };
}

gatewayTest(
  "a call comes to its end while its server is configured otherwise, then that ends",
  async (test) => {
    const { client, call, answer } = await modelAsked(test);
    await test.gateway.configure([{ ...fixtureServer(), config: { word: "whales" } }]);
    equal(await textOf(client, "test_level"), "info");
    equal(test.gateway.budget.size, 2);
    answer();
    equal(await call, "LLM response: at last");
    await until(() => test.gateway.budget.size === 1);
    equal(await textOf(client, "test_level"), "info");
  },
);

gatewayTest(
  "a server that never says what it offers ends as soon as it is configured otherwise",
  async () => {
    const silent = programServer("silent", "wrong_server.ts", ["is silent after the handshake"]);
    await using test = testGateway([silent], { idleMs: 600_000 });
    const client = await test.connect();
    client.listTools().catch(() => {}); // there is no answer
    await until(() => [...test.gateway.sessions].some(({ running }) => running.connections().length > 0));
    await test.gateway.configure([{ ...fixtureServer("silent"), config: { word: "whales" } }]);
    equal(await textOf(client, "test_level"), "info");
    equal(test.gateway.budget.size, 1);
  },
  () => [],
);

gatewayTest("a server that is taken away ends at once, and its calls with it", async (test) => {
  const { call } = await modelAsked(test);
  await test.gateway.configure([{ ...fixtureServer(), config: { word: "whales" } }]);
  await test.gateway.configure([]);
  await rejects(call, /fixture .* ended before it answered/);
  equal(test.gateway.budget.size, 0);
});

gatewayTest("a session's own servers are seen by nobody else", async (test) => {
  const [mine, other] = [await listening(test), await listening(test)];
  await Promise.all([mine.client.listTools(), other.client.listTools()]);
  const [session] = test.gateway.sessions;
  const inventory = await session.addServer(fixtureServer("extra"));
  ok(inventory.tools.length > 10);
  await mine.hears("notifications/tools/list_changed");
  ok((await mine.client.listTools()).tools.some(({ name }) => name === "extra__test_echo"));
  ok(!(await other.client.listTools()).tools.some(({ name }) => name === "extra__test_echo"));
  ok(await session.removeServer("extra"));
  await rejects(textOf(mine.client, "extra__test_echo"), /no tool/);
});

gatewayTest("no more servers run at once than allowed; the idlest makes room", async () => {
  const servers = ["a", "b", "c"].map((name) => fixtureServer(name));
  await using test = testGateway(servers, { mostServers: 1 });
  const client = await test.connect();
  equal((await client.listTools()).tools.filter(({ name }) => name.endsWith("test_echo")).length, 3);
  for (const name of ["test_level", "b__test_level", "c__test_level", "test_level"]) {
    equal(await textOf(client, name), "info");
    equal(test.gateway.budget.size, 1);
  }
}, () => []);

gatewayTest("what is known is listed without starting anything", async () => {
  const cacheFolder = await Deno.makeTempDir();
  for (const starts of [1, 0]) {
    await using test = testGateway([fixtureServer()], { cacheFolder });
    const client = await test.connect();
    ok((await client.listTools()).tools.length > 10);
    equal(test.lines.filter((line) => /not isolated/.test(line)).length, starts);
  }
  await Deno.remove(cacheFolder, { recursive: true });
}, () => []);

/** A server that answers its handshakes when the test says so, and tells that one has come. */
function heldServer() {
  const [come, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const standIn = remoteStandIn({
    async before() {
      come.resolve();
      await release.promise;
    },
  });
  const remote = { url: standIn.url, transport_type: "streamable-http" };
  return { standIn, server: enabled({ name: "held", type: "remote", remote }), come: come.promise, release };
}
const insecure = {
  get: (name: string) => name === "DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS" ? "1" : Deno.env.get(name),
};

gatewayTest("a client that leaves takes a starting server's tools from nobody else", async () => {
  const { standIn, server, come, release } = heldServer();
  await using _ = standIn;
  await using test = testGateway([server], { env: insecure });
  const [leaving, staying] = [await test.connect(), await test.connect()];
  leaving.listTools().catch(() => {});
  await come;
  const listed = staying.listTools();
  await leaving.close();
  release.resolve();
  deepEqual((await listed).tools.map(({ name }) => name), ["echo", "wait"]);
}, () => []);

gatewayTest("a server that is taken away is told at once, while another one starts", async () => {
  const { standIn, server, release } = heldServer();
  await using _ = standIn;
  await using test = testGateway([fixtureServer()], { env: insecure, listMs: 600_000 });
  const { client, hears } = await listening(test);
  await client.listTools();
  await test.gateway.configure([server]);
  await hears("notifications/tools/list_changed");
  release.resolve();
}, () => []);

gatewayTest("initialize is answered while a server is silent", async () => {
  await using test = testGateway([programServer("silent", "wrong_server.ts", ["is silent"])], {
    listMs: 60_000,
  });
  const client = await test.connect();
  equal(client.getServerVersion()?.name, "skiff MCP gateway");
}, () => []);

gatewayTest("a server that is nothing is told, and the others are served", async (test) => {
  const client = await test.connect();
  ok((await client.listTools()).tools.length > 10);
  match(await test.line(/^nothing: /), /neither image nor URL/);
}, () => [enabled({ name: "nothing" }), fixtureServer()]);
