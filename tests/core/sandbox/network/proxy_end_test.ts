/** When the proxy ends by itself: what an Engine says of its sandboxes, and what holds when it says nothing. */
import assert from "node:assert/strict";
import { skiffPaths } from "../../../../core/paths/paths.ts";
import { accessLabel } from "../../../../core/sandbox/network/access.ts";
import { prepareAccess } from "../../../../core/sandbox/network/prepare.ts";
import {
  type DaemonOptions,
  type ProxyDaemon,
  startProxyDaemon,
} from "../../../../core/sandbox/network/proxy/daemon.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { readUntil } from "../../../support/proxy_home.ts";
import { toldLines } from "../../../support/mcp/told_lines.ts";

/** What an Engine tells of containers, and nothing else of one. */
function engineStandIn(path: string) {
  let server: Deno.HttpServer | undefined;
  let streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const running = new Set<string>();
  const answer = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/events")) {
      return new Response(new ReadableStream({ start: (stream) => void streams.push(stream) }));
    }
    if (pathname.endsWith("/containers/json")) {
      const list = [...running].map((id) => ({ Id: id, State: "running", Labels: { [accessLabel]: id } }));
      return Response.json(list);
    }
    return Response.json({ ApiVersion: "1.41", MinAPIVersion: "1.24" }, {
      headers: { "Api-Version": "1.41" },
    });
  };
  return {
    running,
    start(): void {
      server = Deno.serve({ transport: "unix", path, onListen() {} }, answer);
    },
    async stop(): Promise<void> {
      for (const stream of streams) stream.close();
      streams = [];
      await server?.shutdown();
      await Deno.remove(path).catch(() => {});
    },
    tell(action: string, id: string): void {
      const event = {
        Type: "container",
        Action: action,
        Actor: { ID: id, Attributes: { [accessLabel]: id } },
      };
      for (const stream of streams) stream.enqueue(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
    },
  };
}

const long = 24 * 60 * 60 * 1000;

interface World {
  engine: ReturnType<typeof engineStandIn>;
  daemon: ProxyDaemon;
  ended(): boolean;
  /** Resolve when the proxy has found that the Engine does not answer, and when it has heard it from now on. */
  lost: Promise<string>;
  heard(): Promise<string>;
  connect(): Promise<Deno.UnixConn>;
}

/** A proxy with one sandbox, whose Engine says that it runs. */
function endTest(name: string, options: Partial<DaemonOptions>, fn: (world: World) => Promise<void>): void {
  Deno.test(name, async () => {
    const home = await Deno.makeTempDir({ prefix: "skpe-" });
    const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? home : undefined });
    const engineSocket = `${home}/engine.sock`;
    const engine = engineStandIn(engineSocket);
    const { lines, log, line } = toldLines();
    const policy = { mode: "allow-list" as const, preset: "locked" as const, allow: [], deny: [] };
    const identity = { name: "a", workspace: home, agent: "shell", engineSocket };
    await prepareAccess({ sandbox: "a", policy, paths, forwarder: "/none" }, identity);
    await Deno.mkdir(sandboxFiles(paths, "a").sockets, { recursive: true });
    engine.running.add("a");
    engine.start();
    const heard = () => {
      lines.length = 0;
      return line(/Engine at .* answers/);
    };
    const daemon = await startProxyDaemon({ paths, idleMs: 0, startMs: long, onLog: log, ...options });
    let hasEnded = false;
    daemon.closed.then(() => hasEnded = true);
    await line(/Engine at .* answers/);
    const path = `${sandboxFiles(paths, "a").sockets}/proxy.sock`;
    try {
      await fn({
        engine,
        daemon,
        ended: () => hasEnded,
        lost: line(/cannot be reached/),
        heard,
        connect: () => Deno.connect({ transport: "unix", path }),
      });
    } finally {
      await daemon.close();
      await engine.stop();
      await Deno.remove(home, { recursive: true });
    }
  });
}

endTest("it ends when the Engine says that the last sandbox has stopped", {}, async ({ engine, daemon }) => {
  engine.tell("die", "a");
  await daemon.closed;
});

endTest("it ends when its Engine is gone and nobody is connected", { engineGoneMs: 10 }, async (world) => {
  await world.engine.stop();
  await world.daemon.closed;
});

endTest(
  "it stays while somebody is connected, whatever the Engine does",
  { engineGoneMs: 10 },
  async (world) => {
    const connection = await world.connect();
    await connection.write(
      new TextEncoder().encode("GET http://no.example/ HTTP/1.1\r\nHost: no.example\r\n\r\n"),
    );
    await readUntil(connection, /is blocked/);
    await world.engine.stop();
    await world.lost;
    assert.equal(world.ended(), false);
    connection.close();
    await world.daemon.closed;
  },
);

endTest(
  "it outlives a restart of the Engine whose containers go on",
  { engineGoneMs: long },
  async (world) => {
    await world.engine.stop();
    await world.lost;
    const heard = world.heard();
    world.engine.start();
    await heard;
    assert.equal(world.ended(), false);
    world.engine.tell("die", "a");
    await world.daemon.closed;
  },
);

endTest("it ends when an Engine comes back without its containers", { engineGoneMs: long }, async (world) => {
  await world.engine.stop();
  await world.lost;
  world.engine.running.clear();
  world.engine.start();
  await world.daemon.closed;
});
