import { deepStrictEqual as equal, match, rejects } from "node:assert/strict";
import { type Paths, skiffPaths } from "../../../core/paths/paths.ts";
import { ApiClient } from "../../../gateway/client/api_client.ts";
import { serverFiles } from "../../../gateway/endpoint.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../../gateway/http/server.ts";
import { MadeStore, ScriptedHost } from "../../support/scripted_host.ts";

async function inHome(run: (paths: Paths, start: Start) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skiff-http" });
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? home : undefined });
  const servers: RunningServer[] = [];
  const start: Start = async (options = {}) => {
    const parts = () => ({ store: new MadeStore(), host: new ScriptedHost() });
    const server = await startServer({ parts, paths, port: 0, ...options });
    servers.push(server);
    return server;
  };
  try {
    await run(paths, start);
  } finally {
    await Promise.all(servers.map((server) => server.close({ force: true })));
    await Deno.remove(home, { recursive: true });
  }
}

type Start = (options?: Partial<ServerOptions>) => Promise<RunningServer>;

function serverTest(name: string, run: (paths: Paths, start: Start) => Promise<void>): void {
  Deno.test(name, () => inHome(run));
}

serverTest("a server answers on its port and on its socket, for its user alone", async (paths, start) => {
  const server = await start();
  const socket = server.addresses.socket!;
  equal(socket, serverFiles(paths).socket);
  for (const endpoint of [{ url: server.addresses.url }, { url: "http://localhost", socket }]) {
    const client = new ApiClient(endpoint);
    equal((await client.version()).server, "skiff");
    equal((await client.models()).length, 2);
    client.close();
  }
  equal((await Deno.stat(socket)).mode! & 0o777, 0o600);
  equal((await Deno.stat(paths.runtime)).mode! & 0o777, 0o700);
  match(
    await Deno.readTextFile(server.log),
    /server listening on http:\/\/127\.0\.0\.1:\d+ and .*server\.sock, pid \d+\n/,
  );
});

serverTest(
  "a second server of the home is refused, and nothing of the first is lost",
  async (_paths, start) => {
    const first = await start();
    await rejects(start(), { code: "conflict", message: /running already/, details: { running: true } });
    const client = new ApiClient({ url: "http://localhost", socket: first.addresses.socket });
    equal((await client.version()).server, "skiff");
    client.close();
  },
);

serverTest("of many that start at once one wins", async (_paths, start) => {
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => start()));
  equal(results.filter(({ status }) => status === "fulfilled").length, 1);
});

serverTest(
  "a port that is taken is refused with a way out, and the socket is left alone",
  async (paths, start) => {
    const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await rejects(start({ port: other.addr.port }), {
        code: "conflict",
        message: /in use/,
        hint: /MODEL_RUNNER_PORT/,
      });
      await rejects(Deno.stat(serverFiles(paths).socket!), Deno.errors.NotFound);
      await start();
    } finally {
      other.close();
    }
  },
);

serverTest("a socket that a killed server left is replaced", async (paths, start) => {
  await Deno.mkdir(paths.runtime, { recursive: true });
  const path = serverFiles(paths).socket!;
  Deno.listen({ transport: "unix", path }).close();
  if (!await Deno.stat(path).then(() => true, () => false)) await Deno.writeTextFile(path, "");
  const server = await start();
  const client = new ApiClient({ url: "http://localhost", socket: server.addresses.socket });
  equal((await client.version()).server, "skiff");
  client.close();
});

serverTest("after the end port and socket are free and the host is closed", async (paths, start) => {
  const host = new ScriptedHost();
  const server = await start({ parts: () => ({ store: new MadeStore(), host }) });
  const port = Number(new URL(server.addresses.url).port);
  await server.close();
  equal(host.closed, true);
  await rejects(Deno.stat(serverFiles(paths).socket!), Deno.errors.NotFound);
  await start({ port });
});

serverTest("the end waits for answers in progress", async (_paths, start) => {
  const host = new ScriptedHost();
  const go = Promise.withResolvers<void>();
  host.script = async function* () {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, text: "first" };
    await go.promise;
    yield { type: "delta", index: 0, text: " last" };
    yield { type: "end", index: 0, finishReason: "stop" };
  };
  const server = await start({ parts: () => ({ store: new MadeStore(), host }) });
  const client = new ApiClient({ url: server.addresses.url });
  let text = "";
  let closed: Promise<void> | undefined;
  for await (
    const { choices } of client.chat({ model: "smollm2", messages: [{ role: "user", content: "x" }] })
  ) {
    text += choices[0]?.delta.content ?? "";
    if (text !== "first" || closed) continue;
    closed = server.close();
    go.resolve();
  }
  equal(text, "first last");
  await closed;
  client.close();
});

serverTest("followers of log and requests don't keep the server from ending", async (_paths, start) => {
  const server = await start();
  const client = new ApiClient({ url: server.addresses.url });
  const logs = client.logs({ follow: true });
  match((await logs.next()).value!, /listening/);
  const ended = (async () => {
    for await (const _ of logs);
  })();
  await server.close();
  await ended;
  client.close();
});

serverTest("the preload begins before the first request", async (_paths, start) => {
  const host = new ScriptedHost();
  const preloaded = Promise.withResolvers<void>();
  const original = host.preload.bind(host);
  host.preload = (...args) => {
    preloaded.resolve();
    return original(...args);
  };
  await start({ parts: () => ({ store: new MadeStore(), host }), preload: "smollm2" });
  await preloaded.promise;
  equal(host.preloaded, ["docker.io/ai/smollm2:latest"]);
});

serverTest("an idle server without models ends by itself", async (_paths, start) => {
  const server = await start({ idleExitMs: 20 });
  const kept = setInterval(() => {}, 1000); // the server's own timer does not keep a process alive
  await server.closed;
  clearInterval(kept);
});

serverTest("a server whose parts cannot be made ends and says why", async (_paths, start) => {
  const server = await start({ parts: () => Promise.reject(new Error("no store")) });
  await server.closed;
  match(await Deno.readTextFile(server.log), /cannot start: no store/);
});

Deno.test("serverFiles moves a socket whose path would be too long", () => {
  const long = `/home/${"x".repeat(100)}`;
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? long : undefined });
  match(serverFiles(paths, "linux").socket!, /^\/tmp\/skiff-\d+-[0-9a-f]{8}\/server\.sock$/);
  equal(serverFiles(paths, "windows").socket, undefined);
});
