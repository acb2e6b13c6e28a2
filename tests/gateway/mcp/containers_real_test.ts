/** Servers that others wrote, in containers on a real Engine. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { inspectContainer, listContainers } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import type { Client } from "../../../gateway/mcp/sdk.ts";
import { ownerLabel } from "../../../gateway/mcp/servers/container_config.ts";
import { removeOrphans } from "../../../gateway/mcp/servers/container_owner.ts";
import { busyboxImage, testDocker } from "../../support/docker.ts";
import { enabled, testGateway } from "../../support/mcp/fixture.ts";
import { heldEngine } from "../../support/mcp/held_engine.ts";
import { referenceServer, referenceServersImage } from "../../support/mcp/reference_servers.ts";
import { realTest } from "../../support/parts.ts";
import { childrenOf, until } from "../../support/proxy_process.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  return { engine, docker, image: await referenceServersImage(docker), busybox: await busyboxImage(docker) };
}

/** Names of servers that no other test has. */
const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;

const containersOf = (docker: Docker, name: string) =>
  listContainers(docker, { all: true, filters: { label: [`docker-mcp-name=${name}`] } });

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[])[0].text;
}

realTest(
  "reference servers work through the gateway, isolated, and are gone with it",
  parts,
  async (found) => {
    const { engine, docker, image } = found;
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/note.txt`, "whales");
    const [everything, filesystem, memory] = ["everything", "filesystem", "memory"].map(unique);
    const entry = (name: string, program: "everything" | "filesystem" | "memory"): ServerEntry => ({
      name,
      image,
      command: referenceServer(program),
    });
    const servers = [
      enabled(entry(everything, "everything")),
      enabled({
        ...entry(filesystem, "filesystem"),
        command: [...referenceServer("filesystem"), `{{${filesystem}.folder|volume-target}}`],
        volumes: [`{{${filesystem}.folder|volume}}`],
        disableNetwork: true,
      }, { folder }),
      enabled(entry(memory, "memory")),
    ];
    {
      await using test = testGateway(servers, { env: engine.env });
      const client = await test.connect();
      const { tools } = await client.listTools();
      for (const name of ["echo", "read_text_file", "create_entities"]) {
        ok(tools.some((tool) => tool.name === name), `${name}: ${test.lines.join("\n")}`);
      }
      match(await textOf(client, "echo", { message: "hello" }), /hello/);
      equal(await textOf(client, "read_text_file", { path: `${folder}/note.txt` }), "whales");
      const written = await client.callTool({
        name: "write_file",
        arguments: { path: `${folder}/note.txt`, content: "x" },
      });
      equal(written.isError, true);
      equal(await Deno.readTextFile(`${folder}/note.txt`), "whales");
      const made: number[] = [];
      await client.callTool(
        { name: "trigger-long-running-operation", arguments: { duration: 0.2, steps: 2 } },
        undefined,
        { onprogress: ({ progress }) => made.push(progress) },
      );
      deepEqual(made, [1, 2]);

      const [{ Id }] = await containersOf(docker, filesystem);
      const { HostConfig, Config } = await inspectContainer(docker, Id);
      equal(HostConfig.NanoCpus, 1e9);
      equal(HostConfig.Memory, 2 * 2 ** 30);
      deepEqual(HostConfig.SecurityOpt, ["no-new-privileges"]);
      equal(HostConfig.NetworkMode, "none");
      equal(HostConfig.Init, true);
      deepEqual(HostConfig.Binds, [`${folder}:${folder}:ro`]);
      equal(Config.Labels?.["docker-mcp"], "true");
    }
    for (const name of [everything, filesystem, memory]) deepEqual(await containersOf(docker, name), []);
    await Deno.remove(folder, { recursive: true });
    docker.close();
  },
);

realTest("a tool that is a container a call gives its output, and its failure", parts, async (found) => {
  const { engine, docker, busybox } = found;
  const name = unique("shell");
  const tool = (name: string, script: string) => ({
    name,
    container: { image: busybox, command: ["sh", "-c", script, "sh", "{{word}}"] },
    parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
  });
  const server = enabled({
    name,
    type: "poci",
    tools: [tool("say", 'printf %s "$1"'), tool("fail", 'echo "$1" >&2; exit 3')],
  });
  await using test = testGateway([server], { env: engine.env });
  const client = await test.connect();
  equal((await client.listTools()).tools.length, 2);
  equal(await textOf(client, "say", { word: "a; rm -rf /" }), "a; rm -rf /");
  const failed = await client.callTool({ name: "fail", arguments: { word: "no" } });
  equal(failed.isError, true);
  match(JSON.stringify(failed.content), /no/);
  deepEqual(await containersOf(docker, name), []);
  docker.close();
});

realTest(
  "a gateway that is killed leaves nothing behind that the next one does not remove",
  parts,
  async (found) => {
    const { engine, docker, busybox } = found;
    const name = unique("stubborn");
    const program = new URL("../../support/mcp/killed_gateway.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", program, name, busybox],
      env: { DOCKER_HOST: engine.host },
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read(); // its container runs
    const [{ Labels }] = await containersOf(docker, name);
    ok(Labels[ownerLabel].includes(`/${child.pid}/`));
    for (const pid of childrenOf(child.pid)) Deno.kill(pid, "SIGKILL"); // its reaper
    child.kill("SIGKILL");
    await child.status;
    await removeOrphans(docker, skiffPaths());
    // Another gateway, or what is left of one, may be removing it already.
    await until(async () => (await containersOf(docker, name)).length === 0);
    await reader.cancel();
    docker.close();
  },
);

realTest(
  "a gateway that ends while the Engine makes a container leaves none",
  parts,
  async ({ engine, docker, busybox }) => {
    const name = unique("unmade");
    using held = heldEngine(engine.host, "/containers/create");
    const env = { get: (name: string) => name === "DOCKER_HOST" ? held.host : Deno.env.get(name) };
    await using test = testGateway([enabled({ name, image: busybox, command: ["cat"] })], { env });
    const client = await test.connect();
    client.listTools().catch(() => {});
    await held.asked;
    await until(async () => (await containersOf(docker, name)).length > 0);
    const ended = test.gateway.close();
    held.release();
    await ended;
    deepEqual(await containersOf(docker, name), []);
    docker.close();
  },
);
