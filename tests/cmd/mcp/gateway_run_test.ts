/** `gateway run`: what each flag does, over HTTP who may, and how it ends. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { gatewayFlags, gatewaySettings } from "../../../cmd/mcp/gateway_flags.ts";
import { mcpCommand } from "../../../cmd/mcp/group.ts";
import { Client } from "../../../gateway/mcp/sdk.ts";
import { SSEClientTransport, StreamableHTTPClientTransport } from "../../../gateway/mcp/sdk_http.ts";
import { type TestHome, withHome } from "../../gateway/mcp/home.ts";
import { typed } from "../../support/typed_command.ts";
import { freePort } from "../../support/executable.ts";
import {
  gatewayProcess,
  messageLine,
  scriptedGateway,
  stdioGateway,
} from "../../support/mcp/gateway_process.ts";

const program = new URL("../../support/mcp/small_server.ts", import.meta.url).pathname;
const command = (
  ...tools: string[]
) => [Deno.execPath(), "run", "--allow-env", "--quiet", "--no-check", program, ...tools];
const local = (name: string, ...tools: string[]) => ({
  type: "local",
  command: command(...tools),
  env: [{ name: "SMALL_WORD", value: `{{${name}.word}}` }],
  secrets: [{ name: `${name}.key`, env: "SMALL_KEY" }],
});
const catalog = (...names: string[]) =>
  JSON.stringify({
    registry: Object.fromEntries(names.map((name) => [name, local(name, `${name}_a`, `${name}_b`)])),
  });
const registry = (...names: string[]) =>
  JSON.stringify({ registry: Object.fromEntries(names.map((name) => [name, { ref: "" }])) });

/** A catalog "mine" with one and two; one is enabled. */
async function furnish(home: TestHome): Promise<void> {
  const folder = ".docker/mcp";
  await home.write(`${folder}/catalog.json`, JSON.stringify({ catalogs: { mine: { displayName: "Mine" } } }));
  await home.write(`${folder}/catalogs/mine.yaml`, catalog("one", "two"));
  await home.write(`${folder}/registry.yaml`, registry("one"));
  await home.write(`${folder}/more-registry.yaml`, registry("two"));
  await home.write(`${folder}/more-config.yaml`, "one: {word: whales}");
  await home.write(`${folder}/few.yaml`, "one: [one_b]");
  await home.write("more.yaml", catalog("three"));
  await home.write("more-registry.yaml", registry("three"));
  await home.write("secrets.env", "one.key=s3cret-value\n");
}

async function dryRun(home: TestHome, words: string[]): Promise<{ code: number; err: string }> {
  return await run(home, ["gateway", "run", "--dry-run", ...words]);
}

const printed = async (home: TestHome, words: string[]) => (await run(home, words)).out;

const run = ({ env }: TestHome, words: string[]) => typed("skiff mcp", mcpCommand, words, { env });

interface FlagCase {
  flags: string[];
  /** Names of the servers and how many tools they have; ~ is the home. */
  servers?: Record<string, number>;
  says?: RegExp;
  code?: number;
}

const cases: FlagCase[] = [
  { flags: [], servers: { one: 2 }, says: /> 2 tools of 1 servers\. Dry run/ },
  { flags: ["--servers", "two,one"], servers: { one: 2, two: 2 } },
  { flags: ["--servers", "nope"], code: 1, says: /server nope not found in catalog/ },
  { flags: ["--catalog", "~/more.yaml", "--enable-all-servers"], servers: { three: 2 } },
  { flags: ["--catalog", "mine", "--enable-all-servers"], servers: { one: 2, two: 2 } },
  { flags: ["--additional-catalog", "~/more.yaml", "--servers", "three,one"], servers: { one: 2, three: 2 } },
  { flags: ["--catalog", "nope"], code: 1, says: /There is no catalog "nope"/ },
  { flags: ["--registry", "more-registry.yaml"], servers: { two: 2 } },
  { flags: ["--additional-registry", "more-registry.yaml"], servers: { one: 2, two: 2 } },
  {
    flags: ["--registry", "~/nothing.yaml"],
    servers: {},
    says: /> No server is enabled\. Enable one: `skiff/,
  },
  { flags: ["--tools", "one:one_a"], servers: { one: 1 } },
  { flags: ["--tools", "ONE_B,one_a"], servers: { one: 2 } },
  { flags: ["--tools", "two:*"], servers: { one: 0 } },
  { flags: ["--tools-config", "few.yaml"], servers: { one: 1 } },
  { flags: ["--additional-tools-config", "few.yaml"], servers: { one: 1 } },
  { flags: ["--verbose"], servers: { one: 2 }, says: /\[one\] small server with one_a,one_b/ },
  {
    flags: ["--verbose"],
    servers: { one: 2 },
    says: /- Read .*registry\.yaml\n[^]*- Enabled servers: one\n[^]*- one: starts /,
  },
  { flags: [], says: /one: runs as a command of this machine: it is not isolated/ },
  { flags: [], says: /the secret one\.key is not set \(`skiff mcp secret set one\.key`\)/ },
  { flags: ["--cpus", "many"], code: 2, says: /--cpus many is no number of processors/ },
  { flags: ["--memory", "1k"], code: 2, says: /--memory 1k is no amount of memory/ },
  { flags: ["--servers", "one", "--enable-all-servers"], code: 2, says: /exclude each other/ },
  {
    flags: ["--profile", "p", "--servers", "one"],
    code: 2,
    says: /--profile and --servers exclude each other/,
  },
  { flags: ["--port", "8811"], code: 2, says: /--port is for the transports sse and streaming/ },
  { flags: ["--transport", "streaming", "--port", "99999"], code: 2, says: /99999 is no port/ },
  { flags: ["--transport", "pigeon"], code: 2, says: /no transport "pigeon"/ },
  { flags: ["--log-calls=perhaps"], code: 2, says: /--log-calls is true or false/ },
  { flags: ["--log", "/nowhere/log"], code: 1, says: /log cannot be written/ },
];

Deno.test({
  name: "flags that choose servers, values and tools",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    withHome(async (home) => {
      await furnish(home);
      for (const { flags, servers, says, code = 0 } of cases) {
        await t.step(["gateway run", ...flags].join(" "), async () => {
          const said = await dryRun(home, flags.map((flag) => flag.replace("~", home.home)));
          const listed = [...said.err.matchAll(/^- (\w+): (\d+) tools/gm)].map((
            [, name, count],
          ) => [name, Number(count)]);
          equal(said.code, code, said.err);
          if (servers) deepEqual(Object.fromEntries(listed), servers, said.err);
          if (says) match(said.err, says);
        });
      }
    }),
});

Deno.test("a server that is not isolated is marked where it is listed", () =>
  withHome(async (home) => {
    await furnish(home);
    match(await printed(home, ["server", "ls"]), /one .*\(not isolated\)/);
    match(await printed(home, ["server", "ls", "--json"]), /"isolated": false/);
    match(await printed(home, ["catalog", "show", "mine"]), /one +local \(not isolated\)/);
    match(await printed(home, ["catalog", "show", "skiff"]), /dockerhub +local +/); // skiff's own program
  }));

const settings: [flags: Record<string, unknown>, expected: Record<string, unknown>][] = [
  [{}, {
    cpus: 1,
    memory: 2 * 2 ** 30,
    longLived: false,
    isStatic: false,
    blockNetwork: false,
    logCalls: true,
  }],
  [{ cpus: "0.5", memory: "512m" }, { cpus: 0.5, memory: 512 * 2 ** 20 }],
  [{ "long-lived": true, "static": "true", "block-network": true, "log-calls": "false" }, {
    longLived: true,
    isStatic: true,
    blockNetwork: true,
    logCalls: false,
  }],
  [{ "oci-ref": ["a:1,b:2"], "mcp-registry": ["https://r/1"] }, {
    images: ["a:1", "b:2"],
    registryUrls: ["https://r/1"],
  }],
];

Deno.test("flags of how servers run", () => {
  const standard = Object.fromEntries(
    gatewayFlags.flatMap((flag) => flag.default === undefined ? [] : [[flag.name, flag.default]]),
  );
  for (const [flags, expected] of settings) {
    const found = gatewaySettings(
      { ...standard, ...flags } as never,
      { env: { get: () => undefined } } as never,
      () => {},
    );
    for (const [name, value] of Object.entries(expected)) {
      deepEqual(found[name as keyof typeof found], value, name);
    }
  }
});

Deno.test("a host that is none of this machine is told with what to do", () =>
  withHome(async (home) => {
    const words = ["gateway", "run", "--transport", "streaming", "--host", "[nohost.invalid]"];
    const { code, err } = await run(home, words);
    equal(code, 1);
    match(err, /Nothing can listen at nohost\.invalid:8811: .*\nGive an address of this machine/);
  }));

/** A process in a furnished home. */
function processTest(name: string, fn: (env: Record<string, string>, home: TestHome) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      withHome(async (home) => {
        await furnish(home);
        await fn({ HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, SKIFF_MCP_SECRETS: "file" }, home);
      }),
  });
}

processTest(
  "over stdio: values and secrets of files, calls in the log and in its file, then the end",
  async (env, home) => {
    const flags = [
      "--additional-config=more-config.yaml",
      `--secrets=${home.home}/secrets.env`,
      `--log=${home.home}/log`,
    ];
    const gateway = await stdioGateway([...flags, "--name", "mine", "--block-secrets=false"], { env });
    equal(gateway.client.getServerVersion()?.name, "mine");
    const { content } = await gateway.client.callTool({ name: "one_a", arguments: { a: "some text" } });
    const told = JSON.parse((content as { text: string }[])[0].text);
    deepEqual([told.a, told.SMALL_WORD, told.SMALL_KEY], ["some text", "whales", "s3cret-value"]);
    await gateway.line(/Calling tool done: one_a/);
    await gateway.client.close();
    await gateway.child.stdin.close().catch(() => {});
    equal(await gateway.ended, 0);
    const log = await home.read("log");
    match(log, /Calling tool one_a with arguments: a: text of 9\nCalling tool done: one_a \(/);
    ok(!/some text|s3cret/.test(log + gateway.lines.join()));
  },
);

processTest("over stdio: a script that writes its requests and no more gets all answers", async (env) => {
  const call = messageLine({ id: 3, method: "tools/call", params: { name: "one_a", arguments: { a: "b" } } });
  const deep = `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"one_a","arguments":{"a":${
    "[".repeat(100_000) + "]".repeat(100_000)
  }}}}\n`;
  await using gateway = await scriptedGateway(
    messageLine({ id: 2, method: "tools/list" }) + call + deep,
    [],
    { env },
  );
  const answers = (await new Response(gateway.child.stdout).text()).trim().split("\n")
    .map((text) => JSON.parse(text)).filter(({ id }) => id !== undefined).sort((a, b) => a.id - b.id);
  deepEqual(answers.map(({ id }) => id), [1, 2, 3, 4]);
  deepEqual(answers[1].result.tools.slice(-2).map(({ name }: { name: string }) => name), ["one_a", "one_b"]);
  equal(JSON.parse(answers[2].result.content[0].text).a, "b");
  deepEqual(answers[3].error, { code: -32602, message: "The message is nested too deeply" });
  equal(await gateway.ended, 0);
});

processTest("over stdio: a client that is gone altogether is not waited for", async (env) => {
  await using gateway = await scriptedGateway(
    messageLine({ id: 2, method: "tools/call", params: { name: "one_a", arguments: { endless: true } } }),
    [],
    { env },
  );
  await gateway.line(/Calling tool one_a/);
  await gateway.child.stdout.cancel();
  equal(await gateway.ended, 0);
});

processTest("over stdio without --log-calls, and with --watch=false", async (env, home) => {
  await using gateway = await stdioGateway(["--log-calls=false", "--watch=false"], { env });
  await gateway.client.callTool({ name: "one_a", arguments: {} });
  await home.write(".docker/mcp/registry.yaml", registry("two"));
  await gateway.client.callTool({ name: "one_b", arguments: {} });
  ok(!gateway.lines.some((line) => /Calling|reloaded/.test(line)));
});

/** A client over HTTP; `headers` go with every request. */
async function httpClient(url: string, headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers };
  await client.connect(
    url.endsWith("/sse")
      ? new SSEClientTransport(new URL(url), { requestInit })
      : new StreamableHTTPClientTransport(new URL(url), { requestInit }) as never,
  );
  return client;
}

for (const [transport, path] of [["streaming", "/mcp"], ["sse", "/sse"]] as const) {
  processTest(
    `over ${transport}: a token that it tells, health, and an end while a client listens`,
    async (env) => {
      const port = freePort();
      await using gateway = gatewayProcess(["--transport", transport, "--port", String(port)], { env });
      equal(await gateway.line(/> Gateway/), `> Gateway: http://127.0.0.1:${port}${path}`);
      const [, token] = /Authorization: Bearer ([a-z0-9]{50})$/.exec(
        await gateway.line(/> Use Bearer token/),
      )!;
      const url = `http://127.0.0.1:${port}${path}`;
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      deepEqual([health.status, await health.text()], [200, ""]);
      const refused = await fetch(url, { headers: { Accept: "text/event-stream" } });
      deepEqual([refused.status, await refused.text()], [401, "Unauthorized"]);
      const [one, two] = await Promise.all(
        [1, 2].map(() => httpClient(url, { Authorization: `Bearer ${token}` })),
      );
      const pids = await Promise.all([one, two].map(async (client) => {
        const { content } = await client.callTool({ name: "one_a", arguments: {} });
        return JSON.parse((content as { text: string }[])[0].text).pid;
      }));
      ok(pids[0] !== pids[1], "each session has its own servers");
      gateway.child.kill("SIGTERM");
      equal(await gateway.ended, 0);
      await Promise.all([one.close(), two.close()]);
    },
  );
}

processTest(
  "over HTTP with a token of the environment, or none; Host and Origin; a port that is taken",
  async (env) => {
    const port = freePort();
    {
      await using gateway = gatewayProcess(["--transport=http", `--port=${port}`], {
        env: { ...env, MCP_GATEWAY_AUTH_TOKEN: "mine" },
      });
      await gateway.line(/> Gateway/);
      const client = await httpClient(`http://127.0.0.1:${port}/mcp`, { Authorization: "Bearer mine" });
      await client.close();
      ok(!gateway.lines.some((line) => /Bearer|mine/.test(line)));
      const second = gatewayProcess(["--transport=http", `--port=${port}`], { env });
      await second.line(/Port \d+ of 127\.0\.0\.1 is in use by another program/);
      await second.line(/Choose another one with --port/);
      equal(await second.ended, 1);
    }
    await using gateway = gatewayProcess(
      ["--transport=streamable-http", `--port=${port}`, "--host=0.0.0.0", "--allow-unauthenticated"],
      { env },
    );
    await gateway.line(/! Anybody who reaches 0\.0\.0\.0 can use all tools/);
    await gateway.line(/> Gateway/);
    await (await httpClient(`http://127.0.0.1:${port}/mcp`)).close();
    const refusals: [Record<string, string>, number][] = [
      [{ Origin: "http://evil.example" }, 403],
      [{ Origin: "null" }, 403],
      [{ Host: "evil.example" }, 403],
      [{ Origin: "http://localhost:3000" }, 400], // passed on; it is no `initialize`
    ];
    for (const [headers, status] of refusals) {
      equal(
        await statusOf(port, headers),
        status,
        JSON.stringify(headers),
      );
    }
  },
);

processTest("a dry run that is interrupted tells nothing of what it found by then", async (env, home) => {
  const silent = { type: "local", command: ["sleep", "1000"] };
  await home.write("silent.yaml", JSON.stringify({ registry: { silent } }));
  const flags = ["--catalog", `${home.home}/silent.yaml`, "--servers=silent", "--dry-run"];
  await using gateway = gatewayProcess(flags, { env });
  await gateway.line(/silent: runs as a command/);
  gateway.child.kill("SIGINT");
  equal(await gateway.ended, 130);
  ok(!gateway.lines.some((line) => /cannot be used|tools of/.test(line)), gateway.lines.join("\n"));
});

/** Raw, since fetch does not let Host be set. */
async function statusOf(port: number, headers: Record<string, string>): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const all = {
    Host: `127.0.0.1:${port}`,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "Content-Length": "2",
    Connection: "close",
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await connection.write(new TextEncoder().encode(`POST /mcp HTTP/1.1\r\n${head}\r\n{}`));
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer);
  return Number(new TextDecoder().decode(buffer.subarray(0, count ?? 0)).split(" ")[1]);
}

processTest("as a plugin it ends with the Docker CLI, which closes a socket", async (env, home) => {
  const path = `${home.home}/plugin.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  const accepted = listener.accept();
  const flags = ["--transport=streaming", `--port=${freePort()}`];
  await using gateway = gatewayProcess(flags, { env: { ...env, DOCKER_CLI_PLUGIN_SOCKET: path } });
  await gateway.line(/> Gateway: /);
  (await accepted).close();
  equal(await gateway.ended, 0);
});
