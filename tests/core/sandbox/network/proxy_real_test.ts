/** The proxy as a process, and real containers whose only way out it is: its life, theirs, and real clients. */
import assert from "node:assert/strict";
import { createContainer, removeContainer, startContainer } from "../../../../core/docker/containers.ts";
import type { Docker } from "../../../../core/docker/docker.ts";
import { type Paths, skiffPaths } from "../../../../core/paths/paths.ts";
import { runCaptured } from "../../../../core/sandbox/captured_exec.ts";
import { type AccessRequest, sandboxAccess } from "../../../../core/sandbox/network/access.ts";
import { openAccess, prepareAccess, removeAccess } from "../../../../core/sandbox/network/prepare.ts";
import { addRules } from "../../../../core/sandbox/network/policy_edit.ts";
import { proxyStatus } from "../../../../core/sandbox/network/proxy/client.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { busyboxImage, debianBase, testDocker } from "../../../support/docker.ts";
import { testForwarder } from "../../../support/forwarder.ts";
import { realTest } from "../../../support/parts.ts";
import { endProxy, lives, proxyStart, until } from "../../../support/proxy_process.ts";

interface World extends AsyncDisposable {
  docker: Docker;
  home: string;
  paths: Paths;
  busybox: string;
  debian: string;
  /** Makes and starts a container with the access and gives its id. */
  run(image: string, request: Partial<AccessRequest>, secrets?: Record<string, string>): Promise<Box>;
}

interface Box {
  id: string;
  access: string;
  sh(script: string): Promise<string>;
}

async function makeWorld(): Promise<World> {
  const engine = await testDocker();
  const docker = await engine.open();
  const [busybox, debian, forwarder] = [
    await busyboxImage(docker),
    await debianBase(docker),
    await testForwarder(),
  ];
  const home = await Deno.makeTempDir({ prefix: "skpr-" });
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? home : undefined });
  const made: string[] = [];
  return {
    docker,
    home,
    paths,
    busybox,
    debian,
    async run(image, more, secrets = {}) {
      const id = `t${crypto.randomUUID().slice(0, 8)}`;
      const policy = { mode: "allow-list" as const, preset: "locked" as const, allow: [], deny: [] };
      const request: AccessRequest = { sandbox: id, policy, paths, forwarder, ...more };
      const engineSocket = engine.host.replace("unix://", "");
      await prepareAccess(request, { name: id, workspace: home, agent: "shell", engineSocket });
      const access = sandboxAccess(request);
      await openAccess(paths, id, { secrets, ...proxyStart(home) });
      const { Id } = await createContainer(docker, {
        Image: image,
        Entrypoint: [],
        Cmd: access.command,
        Env: access.env,
        Labels: access.labels,
        HostConfig: { Mounts: access.mounts, NetworkMode: access.networkMode, Init: true },
      });
      made.push(Id);
      await startContainer(docker, Id);
      return {
        id: Id,
        access: id,
        sh: async (script) => {
          const { stdout, stderr } = await runCaptured(docker, Id, { Cmd: ["sh", "-c", script] });
          return stdout + stderr;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const id of made) await removeContainer(docker, id, { force: true }).catch(() => {});
      await endProxy(paths);
      docker.close();
      await Deno.remove(home, { recursive: true });
    },
  };
}

function httpServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/large") return new Response(new Uint8Array(30_000_000));
    return new Response(`${request.method} ${pathname} ${request.headers.get("x-api-key")}`);
  });
}

/** A request through the proxy, by hand: the static busybox's wget crashes where there is no resolver. */
function viaNc(host: string, path: string): string {
  const lines = [`GET http://${host}${path} HTTP/1.1`, `Host: ${host}`, "Connection: close", "", ""];
  return `printf '${lines.join("\\r\\n")}' | nc 127.0.0.1 3128 | tail -n 1`;
}

realTest(
  "curl, and nc in an image of one program, go through the proxy, in images that know nothing of it",
  makeWorld,
  async (world) => {
    await using _world = world;
    const server = httpServer();
    const { port } = server.addr;
    const place = `127.0.0.1:${port}`;
    const policy = { mode: "allow-list" as const, preset: "locked" as const, allow: [place], deny: [] };
    const credentials = [{
      provider: "x",
      upstream: `http://${place}`,
      header: "x-api-key",
      format: "{secret}",
      secret: "K",
    }];
    const box = await world.run(world.debian, { policy, credentials }, { K: "real-key" });
    const curl = "curl -sS -m 20 --noproxy ''";
    assert.equal(await box.sh(`${curl} http://${place}/a`), "GET /a null");
    assert.equal(await box.sh(`${curl} -d x=1 http://${place}/b`), "POST /b null");
    assert.equal(await box.sh(`${curl} -p http://${place}/tunnel`), "GET /tunnel null"); // by CONNECT
    assert.equal(await box.sh(`${curl} http://${place}/large | wc -c`), "30000000\n");
    assert.match(
      await box.sh(`${curl} http://example.org/`),
      /example\.org:80 is blocked for this sandbox: no rule allows it/,
    );
    assert.match(await box.sh(`${curl} https://example.org/`), /CONNECT tunnel failed, response 403/);
    assert.equal(
      await box.sh("curl -sS -m 20 http://127.0.0.1:3129/x/v1 -H 'x-api-key: proxy-managed'"),
      "GET /v1 real-key",
    );
    assert.doesNotMatch(await box.sh("env; cat /proc/*/environ"), /real-key/);

    const small = await world.run(world.busybox, { policy });
    assert.equal(
      await small.sh(viaNc(place, "/c")),
      "GET /c null",
    );
    assert.match(await small.sh(viaNc("example.org", "/")), /policy allow/);
    assert.match(await small.sh("cat /proc/net/dev"), /lo:/);
    assert.doesNotMatch(await small.sh("cat /proc/net/dev"), /eth/);
    await server.shutdown();
  },
);

realTest(
  "a killed proxy is replaced by the next run, and running sandboxes find it",
  makeWorld,
  async (world) => {
    await using _world = world;
    const server = httpServer();
    const place = `127.0.0.1:${server.addr.port}`;
    const policy = { mode: "allow-list" as const, preset: "locked" as const, allow: [place], deny: [] };
    const box = await world.run(world.debian, { policy });
    const other = await world.run(world.busybox, { policy });
    const get = `curl -sS -m 20 --noproxy '' http://${place}/a`;
    assert.equal(await box.sh(get), "GET /a null");
    const { pid } = (await proxyStatus(world.paths))!;
    Deno.kill(pid, "SIGKILL");
    await until(() => !lives(pid));
    assert.match(await box.sh(get), /sandbox proxy is not running/);
    await openAccess(world.paths, box.access, proxyStart(world.home));
    assert.notEqual((await proxyStatus(world.paths))!.pid, pid);
    assert.equal(await box.sh(get), "GET /a null");
    assert.equal(
      await other.sh(viaNc(place, "/c")),
      "GET /c null",
    ); // it was taken up, too
    await server.shutdown();
  },
);

realTest("many runs at once start one proxy", makeWorld, async (world) => {
  await using _world = world;
  const started: string[] = [];
  const policy = { mode: "allow-list" as const, preset: "locked" as const, allow: [], deny: [] };
  await Promise.all(Array.from({ length: 6 }, async (_, i) => {
    await prepareAccess({ sandbox: `m${i}`, policy, paths: world.paths, forwarder: "/none" }, {
      name: `m${i}`,
      workspace: world.home,
      agent: "shell",
    });
    await openAccess(world.paths, `m${i}`, {
      ...proxyStart(world.home),
      onStart: (line) => started.push(line),
    });
  }));
  assert.equal(started.length, 1);
  assert.equal((await proxyStatus(world.paths))!.sandboxes.length, 6);
  for (let i = 0; i < 6; i++) await removeAccess(world.paths, `m${i}`);
  assert.deepEqual((await proxyStatus(world.paths))!.sandboxes, []);
});

realTest(
  "what a removed sandbox leaves is cleaned up, even when Docker removed it",
  makeWorld,
  async (world) => {
    await using _world = world;
    const box = await world.run(world.busybox, {});
    const { sockets, state } = sandboxFiles(world.paths, box.access);
    assert.ok((await Deno.stat(sockets)).isDirectory);
    await removeContainer(world.docker, box.id, { force: true });
    const gone = (path: string) => Deno.stat(path).then(() => false, () => true);
    await until(async () => await gone(sockets) && await gone(state));
    await until(async () => (await proxyStatus(world.paths))!.sandboxes.length === 0);
  },
);

realTest(
  "a sandbox started by Docker itself has its way out, and rules reach it",
  makeWorld,
  async (world) => {
    await using _world = world;
    const server = httpServer();
    const place = `127.0.0.1:${server.addr.port}`;
    const box = await world.run(world.debian, {});
    await world.docker.call("POST", `/containers/${box.id}/restart`, { query: { t: 0 } });
    const get = `curl -sS -m 20 --noproxy '' http://${place}/a`;
    assert.match(await box.sh(get), /blocked for this sandbox/);
    await addRules(world.paths, box.access, "allow", [place]);
    assert.equal(await box.sh(get), "GET /a null");
    await server.shutdown();
  },
);
