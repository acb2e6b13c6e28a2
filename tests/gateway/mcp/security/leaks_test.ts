/** What a server does not keep to itself: its own secret, which has no form that a rule could know. */
import { deepStrictEqual as equal, match, ok, rejects } from "node:assert/strict";
import { Redaction } from "../../../../gateway/mcp/security/known_secrets.ts";
import { assembledGateway, programEntry } from "../../../support/mcp/assembled.ts";
import { until } from "../../../support/proxy_process.ts";

const key = "plum-tree in winter/7";
const hex = new TextEncoder().encode(key).toHex();
const forms = [key, encodeURIComponent(key), btoa(key).replace(/=+$/, ""), hex];
const catalog = {
  leaky: { ...programEntry("leaky_server.ts"), secrets: [{ name: "leaky.key", env: "KEY" }] },
};

async function leakyGateway(blockSecrets: boolean) {
  const gateway = await assembledGateway({
    catalog,
    servers: ["leaky"],
    secrets: { "leaky.key": key },
    settings: { blockSecrets, verbose: true },
  });
  /** Everything that reached the client, as JSON. */
  const heard: string[] = [];
  const { client } = await gateway.connect({
    capabilities: { elicitation: {} },
    prepare(client) {
      client.fallbackNotificationHandler = (notification) => {
        heard.push(JSON.stringify(notification));
        return Promise.resolve();
      };
      client.fallbackRequestHandler = (request) => {
        heard.push(JSON.stringify(request));
        return Promise.resolve({ action: "accept", content: {} });
      };
    },
  });
  const note = (value: unknown) => void heard.push(JSON.stringify(value));
  const call = async (name: string) => {
    const options = { onprogress: note };
    const result = await client.callTool({ name, arguments: {} }, undefined, options);
    note(result);
    return result as any;
  };
  /** Of all files but that of the secrets. */
  const assertNoneOnDisk = async () => {
    const grep = await new Deno.Command("grep", { args: ["-rlF", key, gateway.home] }).output();
    const files = new TextDecoder().decode(grep.stdout).trim().split("\n");
    equal(files.filter((file) => !/secrets|catalog/.test(file)), []);
  };
  const leaks = (lines: string[]) => lines.filter((line) => forms.some((form) => line.includes(form)));
  return {
    client,
    call,
    heard,
    lines: gateway.lines,
    assertNoneOnDisk,
    assertNoLeak() {
      equal(leaks(heard), []);
      equal(leaks(gateway.lines), []);
    },
    leaks: () => ({ client: leaks(heard), log: leaks(gateway.lines) }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

const refused = /a secret is being (returned|sent) by .*\(the value of leaky\.key\)/;

Deno.test("with --block-secrets no answer of a server brings its secret to the client", async (t) => {
  await using gateway = await leakyGateway(true);
  const { client, call } = gateway;
  await t.step(
    "its lists and instructions have the secret's name in its place, on the disk, too",
    async () => {
      const { tools } = await client.listTools();
      const lists = [
        tools,
        await client.listPrompts(),
        await client.listResources(),
        client.getInstructions(),
      ];
      gateway.heard.push(JSON.stringify(lists));
      gateway.assertNoLeak();
      match(
        tools.find(({ name }) => name === "result")!.description!,
        /^result, with the key \[leaky\.key\]$/,
      );
      ok(gateway.lines.includes("! Left out 1 resources of leaky: a secret is in the uri"));
      await gateway.assertNoneOnDisk();
    },
  );
  for (const name of ["result", "parts", "encoded", "structured", "bytes", "failure"]) {
    await t.step(`a tool's ${name}`, async () => {
      await rejects(call(name), refused);
      gateway.assertNoLeak();
    });
  }
  const others: [string, () => Promise<unknown>][] = [
    ["a resource of text", () => client.readResource({ uri: "leaky:text" })],
    ["a resource of bytes", () => client.readResource({ uri: "leaky:bytes" })],
    ["a prompt", () => client.getPrompt({ name: "prompt" })],
    [
      "a completion",
      () =>
        client.complete({ ref: { type: "ref/prompt", name: "prompt" }, argument: { name: "a", value: "" } }),
    ],
  ];
  for (const [name, ask] of others) {
    await t.step(name, async () => {
      await rejects(ask(), refused);
      gateway.assertNoLeak();
    });
  }
  await t.step("an error has the secret's name in its place", async () => {
    const error = await call("error").then(() => undefined, (error) => error);
    equal([error.code, error.data], [-32050, { key: "[leaky.key]" }]);
    match(error.message, /cannot log in with \[leaky\.key\]$/);
    gateway.assertNoLeak();
  });
  await t.step("so have messages of the log, and progress", async () => {
    await call("log");
    await call("progress");
    ok(gateway.heard.some((line) => line.includes(`{"deep":["key=[leaky.key]"]}`)));
    ok(gateway.heard.some((line) => line.includes("using [leaky.key]")));
    gateway.assertNoLeak();
  });
  await t.step("a question to the person is not asked", async () => {
    const { content } = await call("elicitation");
    match(content[0].text, /refused.*a secret is being sent by elicitation\/create/);
    gateway.assertNoLeak();
  });
  await t.step("the rest goes through", async () => {
    equal((await call("harmless")).content[0].text, "nothing of note");
  });
});

for (const blocks of [true, false]) {
  Deno.test(`the gateway's log never has it, with --block-secrets=${blocks}`, async () => {
    await using gateway = await leakyGateway(blocks);
    for (const name of ["stderr", "error", "result"]) await gateway.call(name).catch(() => {});
    const told = (text: string) =>
      gateway.lines.some((line) => line.includes("[leaky]") && line.includes(text));
    // What a server writes there comes by another way than its answers.
    await until(() => told("starting with [leaky.key]") && told("logging in with [leaky.key]"));
    equal(gateway.leaks().log, []);
    equal(
      gateway.leaks().client.length > 0,
      !blocks,
      "without the flag the client gets what the server says",
    );
  });
}

Deno.test("a secret that one server was given goes to no other", async () => {
  await using gateway = await assembledGateway({
    catalog: { ...catalog, fixture: programEntry() },
    servers: ["leaky", "fixture"],
    secrets: { "leaky.key": key },
  });
  const { call } = await gateway.connect();
  await rejects(call("test_echo", { word: key }), /passed to tool test_echo \(the value of leaky\.key\)/);
  equal((await call("harmless", { key })).isError, false, "its own server has it already");
});

const ordinary = ["ada@example.org", "https://example.org/", "postgres"];
Deno.test("addresses and single words are given as secrets, but answers may hold them; logs do not", () => {
  for (const value of ordinary) {
    const redaction = new Redaction();
    redaction.learn({ secrets: new Map([["user", value]]) });
    equal(redaction.known, []);
    equal(redaction.clean(`user ${value}`), "user [user]");
  }
});

Deno.test("secrets with a form are blocked and kept from the log, whosever they are", async () => {
  const token = `ghp_${"9fK2mQx7Lp4TzB8vWd3Rn6YsHc1JgE5uAo0V"}`;
  await using gateway = await assembledGateway({
    catalog: { fixture: programEntry() },
    servers: ["fixture"],
    settings: { verbose: true },
  });
  const { client } = await gateway.connect();
  await rejects(
    client.getPrompt({ name: "test_prompt_with_arguments", arguments: { arg1: token, arg2: "b" } }),
    /a secret is being passed by prompts\/get \(github-token\)/,
  );
  await rejects(
    client.readResource({ uri: `test://template/${token}/data` }),
    /a secret is being passed by resources\/read \(github-token\)/,
  );
  ok(!gateway.lines.some((line) => line.includes(token)));
});
