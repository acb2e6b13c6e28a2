import { deepStrictEqual as equal, match, rejects } from "node:assert/strict";
import { type Paths, skiffPaths } from "../../../core/paths/paths.ts";
import { connect, type ConnectOptions, stopServer } from "../../../gateway/client/connect.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { ApiClient } from "../../../gateway/client/api_client.ts";
import { serverFiles } from "../../../gateway/endpoint.ts";
import { startServer } from "../../../gateway/http/server.ts";
import { MadeStore, ScriptedHost } from "../../support/scripted_host.ts";
import { scriptedServerCommand } from "../../support/scripted_server.ts";

interface Home {
  paths: Paths;
  started: string[];
  connect: (more?: Partial<ConnectOptions>) => ReturnType<typeof connect>;
  stop: () => Promise<number | undefined>;
}

/** A home of its own, whose servers take any free port. Ends what was started. */
function homeTest(name: string, run: (home: Home) => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "skiff-client" });
    const saved = ["SKIFF_HOME", "MODEL_RUNNER_PORT", "MODEL_RUNNER_HOST"].map((
      key,
    ) => [key, Deno.env.get(key)]);
    Deno.env.set("SKIFF_HOME", folder); // inherited by the servers
    Deno.env.set("MODEL_RUNNER_PORT", "0");
    Deno.env.delete("MODEL_RUNNER_HOST");
    const started: string[] = [];
    const paths = skiffPaths();
    const home: Home = {
      paths,
      started,
      connect: (more = {}) =>
        connect({
          autostart: true,
          onStart: (message) => started.push(message),
          command: scriptedServerCommand,
          ...more,
        }),
      stop: () => stopServer(),
    };
    try {
      await run(home);
    } finally {
      await stopServer();
      for (const [key, value] of saved) {
        value === undefined ? Deno.env.delete(key!) : Deno.env.set(key!, value);
      }
      await Deno.remove(folder, { recursive: true });
    }
  });
}

homeTest("connect starts a server, says so once, and stopServer ends it", async (home) => {
  await rejects(home.connect({ autostart: false }), {
    code: "unavailable",
    message: /is not running\. Please start it/,
  });
  const client = await home.connect();
  const { pid } = await client.version();
  equal(home.started, [`Started the skiff server (pid ${pid}, log ${home.paths.state}/logs/server.log)`]);
  const second = await home.connect();
  equal([(await second.version()).pid, home.started.length], [pid, 1]);
  second.close();
  client.close();
  equal(await home.stop(), pid);
  equal(await home.stop(), undefined);
  await rejects(Deno.stat(serverFiles(home.paths).socket!), Deno.errors.NotFound);
});

homeTest("clients that start at once share one server", async (home) => {
  const clients = await Promise.all([home.connect(), home.connect(), home.connect()]);
  const pids = await Promise.all(clients.map(async (client) => (await client.version()).pid));
  equal([new Set(pids).size, home.started.length], [1, 1]);
  for (const client of clients) client.close();
});

homeTest("a killed server is replaced by the next connect", async (home) => {
  const first = await home.connect();
  const { pid } = await first.version();
  first.close();
  const { lifeEnded } = await import("../../../gateway/http/single_instance.ts");
  Deno.kill(pid!, "SIGKILL");
  await lifeEnded(serverFiles(home.paths));
  const second = await home.connect();
  equal(home.started.length, 2);
  equal((await second.models()).length, 2);
  second.close();
});

homeTest("what keeps the server from starting is told", async (home) => {
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    Deno.env.set("MODEL_RUNNER_PORT", String(other.addr.port));
    await rejects(home.connect(), {
      code: "conflict",
      message: /Cannot start the server: Port \d+/,
      hint: /MODEL_RUNNER_PORT/,
    });
    const dead = () => ({ program: Deno.execPath(), args: ["eval", "Deno.exit(7)"] });
    await rejects(home.connect({ command: dead }), { code: "unavailable", message: /exit code 7/ });
  } finally {
    other.close();
  }
});

homeTest("MODEL_RUNNER_HOST names a server that is never started", async (home) => {
  const env = (host: string) => ({
    get: (name: string) => name === "MODEL_RUNNER_HOST" ? host : Deno.env.get(name),
  });
  await rejects(home.connect({ env: env("http://127.0.0.1:1") }), {
    code: "unavailable",
    hint: /MODEL_RUNNER_HOST/,
  });
  await rejects(home.connect({ env: env("http://[") }), { code: "usage" });
  equal(home.started, []);
});

homeTest("a server of another version is used and noted", async (home) => {
  const parts = () => ({ store: new MadeStore(), host: new ScriptedHost() });
  const server = await startServer({ parts, version: "0.0.7" });
  const notes: string[] = [];
  const client = await home.connect({ onNote: (message) => notes.push(message) });
  equal([(await client.version()).version, notes.length, home.started], ["0.0.7", 1, []]);
  match(notes[0], /running server is skiff 0\.0\.7.*skiff stop/);
  client.close();
  await server.close();
});

homeTest("a server that cannot open its parts tells its clients why, and ends", async (home) => {
  const fault = Promise.withResolvers<never>();
  const server = await startServer({ parts: () => fault.promise });
  const client = new ApiClient({ url: server.addresses.url });
  const asked = client.models();
  fault.reject(new SkiffError("corrupt", "The store cannot be read", { hint: "Repair it." }));
  await rejects(
    asked,
    (error: SkiffError) =>
      error.code === "unavailable" || (error.code === "corrupt" && error.hint === "Repair it."),
  );
  await server.closed;
  await rejects(home.connect({ autostart: false }), { code: "unavailable" });
  client.close();
});

homeTest("the client's calls carry the server's answers and errors", async (home) => {
  const client = await home.connect({ preload: "smollm2" });
  const messages: string[] = [];
  equal(
    await client.create("ai/new", { onProgress: ({ message }) => messages.push(message) }),
    "Model pulled successfully",
  );
  equal(messages, ["Downloaded: 50 B <of> 100"]);
  await rejects(client.create("ai/broken"), {
    code: "corrupt",
    message: "Wrong digest",
    hint: "Pull again.",
  });
  await rejects(client.create("ai/missing"), { code: "not_found", hint: /skiff search/ });
  await rejects(client.inspect("ai/nope"), { code: "not_found", message: "Model not found: ai/nope" });
  equal(await client.tag("ai/new", "my/new"), "my/new:latest");
  equal((await client.inspect("ai/new")).tags.at(-1), "my/new:latest");
  await client.configure("smollm2", { "context-size": 512 });
  equal((await client.configurations("smollm2"))[0].Config, { "context-size": 512 });
  await client.preload("smollm2");
  equal((await client.running())[0].engine, "llama");
  match((await client.status())["llama.cpp"], /^Running/);
  equal((await client.diskUsage()).models_disk_usage, 3000);
  const chat = { model: "smollm2", messages: [{ role: "user", content: "x" }] };
  let text = "";
  let total = 0;
  for await (const { choices, usage } of client.chat(chat)) {
    text += choices[0]?.delta.content ?? "";
    total = usage?.total_tokens ?? total;
  }
  equal([text, total], ["Whales are mammals.", 13]);
  await rejects(client.chat({ ...chat, model: "nope" }).next(), { code: "not_found" });
  await rejects(client.chat({ ...chat, temperature: "hot" }).next(), {
    code: "invalid_input",
    message: /temperature/,
  });
  const [recorded] = await client.requests("smollm2");
  equal(recorded.count, 1);
  let log = "";
  for await (const piece of client.logs()) log += piece;
  match(log, /POST \/engines\/v1\/chat\/completions 200/);
  equal(await client.unload({ all: true }), 1);
  equal((await client.remove("ai/new", { force: true })).length, 3);
  await client.purge();
  equal(await client.models(), []);
  client.close();
});
