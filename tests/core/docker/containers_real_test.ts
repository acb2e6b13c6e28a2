import { deepStrictEqual as equal, rejects } from "node:assert";
import {
  commitContainer,
  containerChanges,
  containerStats,
  containerTop,
  createContainer,
  exportContainer,
  inspectContainer,
  killContainer,
  listContainers,
  openWait,
  pauseContainer,
  pruneContainers,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  updateContainer,
  waitContainer,
} from "../../../core/docker/containers.ts";
import { containerLogs, type LogsOptions } from "../../../core/docker/container_logs.ts";
import { readTar } from "../../../core/archive/tar.ts";
import { removeImage } from "../../../core/docker/images.ts";
import { type Engine, engineTest, execute, runToEnd, testContainer } from "../../support/engine_test.ts";

engineTest("a container is created, found, renamed, changed, stopped and removed", async (engine) => {
  const { docker, unique } = engine;
  const [name, label] = [unique(), unique()];
  await using container = await testContainer(engine, {
    name,
    start: false,
    Labels: { [label]: "a b" },
    Env: ["A=ü"],
    HostConfig: { CapDrop: ["ALL"], Memory: 64 << 20, MemorySwap: 64 << 20, PidsLimit: 50 },
  });
  const { id } = container;
  const filters = { label: [`${label}=a b`] };
  equal(await listContainers(docker, { filters }), []);
  equal((await listContainers(docker, { all: true, filters })).map(({ Id, State }) => [Id, State]), [[
    id,
    "created",
  ]]);
  equal([await startContainer(docker, id), await startContainer(docker, id)], [true, false]);
  const { State, Name, Config, HostConfig } = await inspectContainer(docker, name);
  equal([State.Status, Name, Config.Labels?.[label]], ["running", `/${name}`, "a b"]);
  equal([HostConfig.Memory, HostConfig.PidsLimit, HostConfig.CapDrop], [64 << 20, 50, ["ALL"]]);
  await pauseContainer(docker, id);
  equal((await inspectContainer(docker, id)).State.Status, "paused");
  await unpauseContainer(docker, id);
  const renamed = unique();
  await renameContainer(docker, id, { name: renamed });
  await updateContainer(docker, id, { PidsLimit: 40 });
  equal((await inspectContainer(docker, renamed)).HostConfig.PidsLimit, 40);
  const { Titles, Processes } = await containerTop(docker, id);
  equal(Processes.some((row) => row[Titles.indexOf("CMD")].includes("sleep 3600")), true);
  await restartContainer(docker, id, { timeout: 0 });
  equal([await stopContainer(docker, id, { timeout: 0 }), await stopContainer(docker, id)], [true, false]);
  equal((await inspectContainer(docker, id)).State.Running, false);
  await removeContainer(docker, id);
  await rejects(() => inspectContainer(docker, id), { code: "not_found", message: /No such container/ });
});

const refusals: { name: string; act: (engine: Engine, id: string) => Promise<unknown>; error: unknown }[] = [
  {
    name: "an image that is not there",
    act: ({ docker, unique }) => createContainer(docker, { Image: unique() }),
    error: { code: "not_found", message: /No such image/i },
  },
  {
    name: "a name that is taken",
    act: async ({ docker, image }, id) => {
      const { Name } = await inspectContainer(docker, id);
      await createContainer(docker, { Image: image, name: Name.slice(1) });
    },
    error: { code: "conflict", message: /already in use/ },
  },
  {
    name: "removing what runs",
    act: ({ docker }, id) => removeContainer(docker, id),
    error: { code: "conflict" },
  },
  {
    name: "a program that is not in the image",
    act: async (engine) => {
      await using container = await testContainer(engine, {
        Cmd: ["nonesuch"],
        start: false,
        HostConfig: { Init: false }, // an init process would start, and fail by itself
      });
      await startContainer(engine.docker, container.id);
    },
    error: { code: "not_found", message: /nonesuch/, hint: /PATH/ },
  },
  {
    name: "killing what does not run",
    act: async (engine) => {
      await using container = await testContainer(engine, { start: false });
      await killContainer(engine.docker, container.id);
    },
    error: { code: "conflict", message: /not running/ },
  },
  {
    name: "a setting that makes no sense",
    act: (engine) => testContainer(engine, { HostConfig: { NetworkMode: "none", Memory: 1 } }),
    error: { code: "invalid_input", message: /memory limit/i },
  },
];

for (const { name, act, error } of refusals) {
  engineTest(`${name} is refused with the Engine's words`, async (engine) => {
    await using container = await testContainer(engine);
    await rejects(() => act(engine, container.id), error as any);
  });
}

engineTest("an exit is never missed when the wait is open before the start", async (engine) => {
  for (const code of [0, 3, 137]) {
    await using container = await testContainer(engine, { Cmd: ["sh", "-c", `exit ${code}`], start: false });
    equal(await runToEnd(engine, container.id), code);
    equal((await waitContainer(engine.docker, container.id)).StatusCode, code);
  }
});

engineTest("a wait for the removal ends with it, and a signal ends a wait", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const { answer } = await openWait(docker, container.id, { condition: "removed" });
  const controller = new AbortController();
  const given = await openWait(docker, container.id, { signal: controller.signal });
  controller.abort();
  await rejects(() => given.answer, { code: "interrupted" });
  await removeContainer(docker, container.id, { force: true });
  equal((await answer).StatusCode, 137);
});

async function logText(engine: Engine, id: string, options: LogsOptions = {}): Promise<string> {
  let text = "";
  for await (const { stream, data } of containerLogs(engine.docker, id, options)) {
    text += `${stream === "stderr" ? "!" : ""}${new TextDecoder().decode(data)}`;
  }
  return text;
}

engineTest("logs: both streams, one of them, a tail, times, since and until", async (engine) => {
  const script = "echo one; echo two; echo three >&2; sleep 1.1; echo four";
  await using container = await testContainer(engine, { Cmd: ["sh", "-c", script], start: false });
  const { id } = container;
  await runToEnd(engine, id);
  const lines = async (options?: LogsOptions) =>
    (await logText(engine, id, options)).trim().split("\n").sort();
  equal(await lines(), ["!three", "four", "one", "two"]);
  equal(await lines({ stdout: false }), ["!three"]);
  equal((await lines({ tail: 2 })).length, 2); // old Engines count the lines of both streams
  const stamped = await lines({ stderr: false, timestamps: true });
  equal(stamped.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z \w+$/.test(line)), true);
  const started = new Date((await inspectContainer(engine.docker, id)).State.StartedAt);
  const second = new Date(started.getTime() + 900);
  equal(await lines({ since: second }), ["four"]);
  equal(await lines({ until: second }), ["!three", "one", "two"]);
});

engineTest("logs that follow come as they are written, and end with the container", async (engine) => {
  await using container = await testContainer(engine, {
    Cmd: ["sh", "-c", "echo ready; while [ ! -e /go ]; do sleep 0.05; done; echo done"],
  });
  const pieces: string[] = [];
  for await (const { data } of containerLogs(engine.docker, container.id, { follow: true })) {
    pieces.push(new TextDecoder().decode(data));
    if (pieces.length === 1) await execute(engine, container.id, ["touch", "/go"]);
  }
  equal(pieces, ["ready\n", "done\n"]);
});

engineTest("a terminal's logs are plain", async (engine) => {
  await using container = await testContainer(engine, { Cmd: ["echo", "hello"], Tty: true, start: false });
  await runToEnd(engine, container.id);
  equal(await logText(engine, container.id), "hello\r\n");
  equal(await logText(engine, container.id, { tty: true }), "hello\r\n");
});

engineTest("leaving logs that follow, or a signal, frees the connection", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine, { Cmd: ["sh", "-c", "echo x; exec sleep 3600"] });
  for await (const _ of containerLogs(docker, container.id, { follow: true })) break;
  const controller = new AbortController();
  await rejects(async () => {
    for await (const _ of containerLogs(docker, container.id, { follow: true, signal: controller.signal })) {
      controller.abort();
    }
  }, { code: "interrupted" });
  equal(docker.connections <= 2, true);
});

engineTest("statistics come once, or as a stream until the caller leaves", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const [once] = await Array.fromAsync(containerStats(docker, container.id, { stream: false }));
  equal([typeof once.cpu_stats.cpu_usage.total_usage, (once.memory_stats.usage ?? 0) > 0], ["number", true]);
  let count = 0;
  for await (const { pids_stats } of containerStats(docker, container.id)) {
    equal((pids_stats.current ?? 0) >= 1, true);
    if (++count === 2) break;
  }
});

engineTest("changed files are listed, exported and committed", async (engine) => {
  const { docker, unique } = engine;
  await using container = await testContainer(engine);
  await execute(engine, container.id, ["sh", "-c", "echo new > /root/new; rm /etc/group"]);
  const changes = (await containerChanges(docker, container.id)).map(({ Path, Kind }) => `${Kind} ${Path}`);
  equal(changes.filter((line) => /new|group/.test(line)).sort(), ["1 /root/new", "2 /etc/group"]);
  const names: string[] = [];
  for await (const entry of readTar(await exportContainer(docker, container.id))) names.push(entry.name);
  equal([names.includes("root/new"), names.includes("etc/group")], [true, false]);
  const repo = unique();
  const image = await commitContainer(docker, container.id, { repo, tag: "1", changes: ['ENV B="c d"'] });
  await using copy = await testContainer(engine, { Image: `${repo}:1` });
  equal((await execute(engine, copy.id, ["sh", "-c", "cat /root/new; echo $B"])).stdout, "new\nc d\n");
  await copy[Symbol.asyncDispose]();
  equal(image.startsWith("sha256:"), true);
  await removeImage(docker, `${repo}:1`);
});

engineTest("pruning takes what does not run and has the label", async (engine) => {
  const { docker, unique } = engine;
  const label = unique();
  await using running = await testContainer(engine, { Labels: { [label]: "" } });
  await using stopped = await testContainer(engine, { Labels: { [label]: "" }, start: false });
  const { ContainersDeleted } = await pruneContainers(docker, { filters: { label: [label] } });
  equal(ContainersDeleted, [stopped.id]);
  equal((await listContainers(docker, { filters: { label: [label] } })).map(({ Id }) => Id), [running.id]);
});
