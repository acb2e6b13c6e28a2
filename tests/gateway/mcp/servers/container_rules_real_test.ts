/** What containers of servers are given, and what they are not: as the Engine says it, and seen from inside. */
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { inspectContainer, listContainers } from "../../../../core/docker/containers.ts";
import type { Docker } from "../../../../core/docker/docker.ts";
import { removeVolume } from "../../../../core/docker/volumes.ts";
import type { EnabledServer } from "../../../../gateway/mcp/configuration/enabled_server.ts";
import { busyboxImage, testDocker } from "../../../support/docker.ts";
import { enabled, testGateway } from "../../../support/mcp/fixture.ts";
import { runInside, shellServer } from "../../../support/mcp/shell_server.ts";
import { realTest } from "../../../support/parts.ts";
import { until } from "../../../support/proxy_process.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  return { engine, docker, image: await busyboxImage(docker) };
}

const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;
const containersOf = (docker: Docker, name: string) =>
  listContainers(docker, { all: true, filters: { label: [`docker-mcp-name=${name}`] } });

function withSecret(server: EnabledServer, name: string, value: string): EnabledServer {
  return { ...server, secrets: new Map([[name, value]]) };
}

realTest(
  "limits, user and secrets are as documented, and each server has its own secrets only",
  parts,
  async ({
    engine,
    docker,
    image,
  }) => {
    const [one, two] = [unique("one"), unique("two")];
    const secrets = [{ name: "one.key", env: "ONE_KEY" }];
    const declared = shellServer(one, image, {
      prefix: "one",
      user: "{{" + one + ".uid}}",
      secrets,
      env: [{ name: "WHERE", value: "at-${ONE_KEY}" }, { name: "EMPTY", value: "" }],
    });
    const servers = [
      withSecret(enabled(declared, { uid: "1000" }), "one.key", "s3cret-value"),
      enabled(shellServer(two, image, { prefix: "two" })),
    ];
    await using test = testGateway(servers, { env: engine.env });
    const client = await test.connect();
    await client.listTools();
    const inside = (script: string) => runInside(client, script, "one__run");
    equal(
      await inside('id -u; echo "$ONE_KEY $WHERE [${EMPTY-unset}]"'),
      "1000\ns3cret-value at-s3cret-value [unset]",
    );
    match(await inside("grep NoNewPrivs /proc/self/status"), /\s1$/);
    match(await inside("cat /proc/1/comm"), /init|tini/);
    doesNotMatch(await runInside(client, "env", "two__run"), /s3cret/);

    const [{ Id }] = await containersOf(docker, one);
    const { HostConfig, Config, Mounts } = await inspectContainer(docker, Id);
    deepEqual(
      {
        NanoCpus: HostConfig.NanoCpus,
        Memory: HostConfig.Memory,
        Init: HostConfig.Init,
        SecurityOpt: HostConfig.SecurityOpt,
        AutoRemove: HostConfig.AutoRemove,
        Privileged: HostConfig.Privileged,
        LogConfig: HostConfig.LogConfig?.Type,
        User: Config.User,
        Mounts,
      },
      {
        NanoCpus: 1e9,
        Memory: 2 * 2 ** 30,
        Init: true,
        SecurityOpt: ["no-new-privileges"],
        AutoRemove: true,
        Privileged: false,
        LogConfig: "none",
        User: "1000",
        Mounts: [],
      },
    );
    for (
      const [label, value] of [["docker-mcp", "true"], ["docker-mcp-tool-type", "mcp"], [
        "docker-mcp-name",
        one,
      ], [
        "docker-mcp-transport",
        "stdio",
      ]]
    ) equal(Config.Labels?.[label], value);
    doesNotMatch(JSON.stringify([Config.Cmd, Config.Entrypoint, Config.Labels, HostConfig]), /s3cret/);
    ok(Config.Env?.includes("ONE_KEY=s3cret-value"));
    const [{ Id: other }] = await containersOf(docker, two);
    doesNotMatch(JSON.stringify(await inspectContainer(docker, other)), /s3cret/);
    doesNotMatch(test.lines.join("\n"), /s3cret/);
    docker.close();
  },
);

interface VolumeCase {
  what: string;
  volume: (folder: string) => string;
  /** Folders that may be written to. */
  writable?: (folder: string) => string;
  /** What the script in the server says, or why there is none. */
  says?: RegExp;
  refused?: RegExp;
}

const volumes: VolumeCase[] = [
  {
    what: "a temporary folder is there, read-only",
    volume: (f) => `${f}/a:/v`,
    says: /^whales\n.*Read-only/s,
  },
  {
    what: "asking for rw is not enough",
    volume: (f) => `${f}/a:/v:rw`,
    refused: /MCP_GATEWAY_DOCKER_BIND|written/,
  },
  {
    what: "a folder that may be written to",
    volume: (f) => `${f}/a:/v`,
    writable: (f) => `${f}/a`,
    says: /^whales\nwritten/,
  },
  { what: "the system's own", volume: () => "/etc:/v", refused: /\/etc cannot be given/ },
  {
    what: "a link to the system's own",
    volume: (f) => `${f}/link:/v`,
    refused: /link cannot be given.*\/etc/,
  },
  { what: "a folder of keys", volume: (f) => `${f}/.ssh:/v`, refused: /\.ssh holds credentials/ },
  { what: "a folder elsewhere", volume: () => "/usr:/v", refused: /not among the folders/ },
  {
    what: "a relative path that climbs out",
    volume: (f) => `${f}/a/../../../usr:/v`,
    refused: /not among the folders/,
  },
  { what: "a volume of its own", volume: () => "/v", says: /No such file.*written/s },
];

realTest("volumes are given by rules", parts, async ({ engine, docker, image }, t) => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "skvolumes-" }));
  for (const name of ["a", ".ssh"]) await Deno.mkdir(`${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/a/note`, "whales\n");
  await Deno.symlink("/etc", `${folder}/link`);
  const script = "cat /v/note; echo written > /v/new && cat /v/new";
  for (const { what, volume, writable, says, refused } of volumes) {
    await t.step(what, async () => {
      const name = unique("volumes");
      const variables: Record<string, string | undefined> = {
        MCP_GATEWAY_DOCKER_BIND_ALLOW_WRITABLE_PATHS: writable?.(folder),
      };
      const env = { get: (name: string) => variables[name] ?? engine.env.get(name) };
      await using test = testGateway([enabled(shellServer(name, image, { volumes: [volume(folder)] }))], {
        env,
      });
      const client = await test.connect();
      await client.listTools();
      if (says) match(await runInside(client, script), says);
      else match(await test.line(/can't start/), refused!);
    });
  }
  await t.step("a named volume outlives its server", async () => {
    const name = unique("skvolume");
    for (const expected of [/No such file.*written/s, /^cat: can't open '\/v\/note'.*\nwritten/]) {
      await using test = testGateway(
        [enabled(shellServer(unique("v"), image, { volumes: [`${name}:/v`] }))],
        {
          env: engine.env,
        },
      );
      match(await runInside(await test.connect(), script), expected);
    }
    await removeVolume(docker, name);
  });
  await Deno.remove(folder, { recursive: true });
  docker.close();
});

realTest(
  "an idle server ends, a long-lived one stays with its session",
  parts,
  async ({ engine, docker, image }) => {
    const [brief, long] = [unique("brief"), unique("long")];
    const servers = [
      enabled(shellServer(brief, image, { prefix: "brief" })),
      enabled(shellServer(long, image, { prefix: "long", longLived: true })),
    ];
    {
      await using test = testGateway(servers, { env: engine.env, idleMs: 1 });
      const client = await test.connect();
      await client.listTools();
      const state = "cat /tmp/state 2>/dev/null || echo new; echo kept > /tmp/state";
      equal(await runInside(client, state, "long__run"), "new");
      equal(await runInside(client, state, "brief__run"), "new");
      await until(async () => (await containersOf(docker, brief)).length === 0);
      equal(await runInside(client, state, "long__run"), "kept");
      equal(await runInside(client, state, "brief__run"), "new"); // started again
      await client.close();
      await until(async () => (await containersOf(docker, long)).length === 0);
    }
    deepEqual(await containersOf(docker, brief), []);
    docker.close();
  },
);
