/** However a gateway ends, and whatever happens to the Engine under it: no container stays, the next call works. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { listContainers } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { proxyStatus } from "../../../core/sandbox/network/proxy/client.ts";
import { proxyFiles } from "../../../core/sandbox/network/sandbox_files.ts";
import { busyboxImage, ownDocker, testDocker } from "../../support/docker.ts";
import { testForwarder } from "../../support/forwarder.ts";
import { enabled, testGateway } from "../../support/mcp/fixture.ts";
import { type StdioGateway, stdioGateway } from "../../support/mcp/gateway_process.ts";
import { runInside, shellServer, stubbornServer } from "../../support/mcp/shell_server.ts";
import { realTest } from "../../support/parts.ts";
import { childrenOf, endProxy, until } from "../../support/proxy_process.ts";
import { withHome } from "./home.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  return { engine, docker, image: await busyboxImage(docker), forwarder: await testForwarder() };
}

const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;

async function containersOf(docker: Docker, ...names: string[]) {
  const lists = names.map((name) =>
    listContainers(docker, { all: true, filters: { label: [`docker-mcp-name=${name}`] } })
  );
  return (await Promise.all(lists)).flat();
}

const ends: [how: string, end: (gateway: StdioGateway) => unknown, code: number | string][] = [
  [
    "its stdin is closed",
    ({ client, child }) => client.close().then(() => child.stdin.close().catch(() => {})),
    0,
  ],
  ["SIGTERM", ({ child }) => child.kill("SIGTERM"), 0],
  ["SIGINT", ({ child }) => child.kill("SIGINT"), 0],
  ["SIGHUP", ({ child }) => child.kill("SIGHUP"), 0],
  ["SIGKILL", ({ child }) => child.kill("SIGKILL"), "SIGKILL"],
];

realTest("no container outlives its gateway", parts, async ({ engine, docker, image, forwarder }, t) => {
  await withHome(async (home) => {
    const paths = skiffPaths(home.env);
    await Deno.mkdir(`${paths.cache}/sandbox`, { recursive: true });
    await Deno.copyFile(forwarder, `${paths.cache}/sandbox/${forwarder.split("/").at(-1)}`);
    const [plain, stubborn, blocked] = ["plain", "stubborn", "blocked"].map(unique);
    const registry = {
      [plain]: shellServer(plain, image, { prefix: "plain" }),
      [stubborn]: { ...stubbornServer(stubborn, image), prefix: "stubborn" },
      [blocked]: shellServer(blocked, image, { prefix: "blocked", allowHosts: ["example.com:443"] }),
    };
    await home.write("catalog.yaml", JSON.stringify({ registry }));
    const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, DOCKER_HOST: engine.host };
    const flags = ["--catalog", `${home.home}/catalog.yaml`, "--enable-all-servers", "--block-network"];
    const started = async () => {
      const gateway = await stdioGateway(flags, { env });
      for (const prefix of ["plain", "stubborn", "blocked"]) {
        equal(await runInside(gateway.client, "echo here", `${prefix}__run`), "here");
      }
      return gateway;
    };
    const left = () => containersOf(docker, plain, stubborn, blocked);
    // Before SIGKILL alone, whose reaper would remove them, too.
    await t.step(
      "SIGKILL, and its reaper before: the next gateway removes what does not end by itself",
      async () => {
        const gateway = await started();
        for (const pid of childrenOf(gateway.child.pid)) Deno.kill(pid, "SIGKILL");
        gateway.child.kill("SIGKILL");
        await gateway.ended;
        await until(async () => (await containersOf(docker, plain)).length === 0);
        ok((await left()).length >= 2);
        {
          await using next = await started();
          match(await next.line(/earlier gateway had left behind/), /Removed \d containers/);
          await until(async () => (await left()).length === 4);
        }
        deepEqual(await left(), []);
      },
    );
    for (const [how, end, code] of ends) {
      await t.step(how, async () => {
        const gateway = await started();
        equal((await left()).length, 4);
        await end(gateway);
        equal(await gateway.ended, code, gateway.lines.join("\n"));
        if (code !== 0) await until(async () => (await left()).length === 0);
        deepEqual(await left(), []);
      });
    }
    await t.step("the ways out are gone, too", async () => {
      // Who ends what a killed gateway has left removes them behind the containers.
      await until(async () => (await proxyStatus(paths))?.sandboxes.length === 0);
      for (const folder of [proxyFiles(paths).folder, proxyFiles(paths).state]) {
        await until(() => [...Deno.readDirSync(folder)].every(({ name }) => !name.startsWith("mcp-")));
      }
    });
    await endProxy(paths);
  });
  docker.close();
});

async function ownParts() {
  const engine = await ownDocker();
  const docker = await engine.open();
  const image = await busyboxImage(docker);
  docker.close();
  return { engine, image };
}

realTest("an Engine that is restarted or killed under a gateway", ownParts, async ({ engine, image }, t) => {
  await using _ = engine;
  const name = unique("shell");
  await using test = testGateway([enabled(shellServer(name, image))], { env: engine.env });
  const client = await test.connect();
  const works = async () => equal(await runInside(client, "echo here"), "here");
  await works();
  for (
    const [how, act] of [["restarted", () => engine.restart()], ["killed", () => engine.kill()]] as const
  ) {
    await t.step(how, async () => {
      const hanging = runInside(client, "sleep 60").catch((error) => error);
      await act();
      match(String(await hanging), /ended before it answered/);
      if (how === "killed") {
        await rejects(works(), /cannot be used/);
        await engine.start();
      }
      await works();
      const docker = await engine.open();
      await until(async () => (await containersOf(docker, name)).length === 1);
      docker.close();
    });
  }
});
