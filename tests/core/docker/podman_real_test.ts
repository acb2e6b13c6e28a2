/** The Engine client on Podman, which speaks API 1.41 with differences of its own. */
import { deepStrictEqual as equal, match, rejects } from "node:assert";
import { tarBytes } from "../../../core/archive/tar_writer.ts";
import { getArchive, putArchive } from "../../../core/docker/archives.ts";
import { buildImage } from "../../../core/docker/build.ts";
import { containerLogs } from "../../../core/docker/container_logs.ts";
import {
  attachContainer,
  commitContainer,
  createContainer,
  inspectContainer,
  killContainer,
  listContainers,
  removeContainer,
  startContainer,
  waitContainer,
} from "../../../core/docker/containers.ts";
import type { HijackedStream } from "../../../core/docker/docker.ts";
import { events } from "../../../core/docker/events.ts";
import { createExec, inspectExec, resizeExec, startExec } from "../../../core/docker/execs.ts";
import { inspectImage, listImages, removeImage, tagImage } from "../../../core/docker/images.ts";
import { createNetwork, removeNetwork } from "../../../core/docker/networks.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { createVolume, removeVolume } from "../../../core/docker/volumes.ts";
import { readTar } from "../../../core/archive/tar.ts";
import { busyboxImage } from "../../support/docker.ts";
import { type Engine, execute, patterned, runToEnd, testContainer } from "../../support/engine_test.ts";
import { realTest } from "../../support/parts.ts";
import { ownPodman } from "../../support/podman.ts";

const all = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
const isId = /^sha256:[0-9a-f]{64}$/;

const checks: { name: string; check: (engine: Engine) => Promise<void> }[] = [
  {
    name: "it is known for what it is",
    check: async ({ docker, image }) => {
      equal([docker.isPodman, docker.apiVersion], [true, "1.41"]);
      match((await inspectImage(docker, image))!.Id, isId);
    },
  },
  {
    name: "events are told in Docker's words, those of a label's name alone as well",
    check: async (engine) => {
      const { docker, unique } = engine;
      const label = unique();
      const open = Promise.withResolvers<void>();
      const stream = events(docker, { filters: { label: [label] }, onOpen: open.resolve });
      const first = stream.next();
      await open.promise;
      await using other = await testContainer(engine);
      await using container = await testContainer(engine, {
        Cmd: ["sh", "-c", "exit 3"],
        Labels: { [label]: "ü" },
        start: false,
      });
      equal(await runToEnd(engine, container.id), 3);
      await removeContainer(docker, container.id);
      const seen = [(await first).value!];
      for await (const event of stream) {
        seen.push(event);
        if (event.Action === "destroy") break;
      }
      equal(seen.some(({ Actor }) => Actor.ID === other.id), false);
      const known = seen.filter(({ Action }) => ["create", "start", "die", "destroy"].includes(Action));
      equal(known.map(({ Action }) => Action), ["create", "start", "die", "destroy"]);
      equal(known[2].Actor.Attributes.exitCode, "3");
    },
  },
  {
    name: "a process: streams, environment, user, exit code",
    check: async (engine) => {
      const { docker } = engine;
      await using container = await testContainer(engine);
      const exec = await createExec(docker, container.id, {
        Cmd: ["sh", "-c", 'echo "$A $PWD $(id -u)"; echo err >&2; exit 7'],
        Env: ["A=ü"],
        WorkingDir: "/home/agent",
        User: "agent",
        AttachStdout: true,
        AttachStderr: true,
      });
      const text = { stdout: "", stderr: "" };
      for await (const { stream, data } of demultiplex((await startExec(docker, exec)).readable)) {
        text[stream] += new TextDecoder().decode(data);
      }
      equal(text, { stdout: "ü /home/agent 1000\n", stderr: "err\n" });
      equal((await inspectExec(docker, exec)).ExitCode, 7);
    },
  },
  {
    name: "20 MB go both ways through a process and through a container",
    check: async (engine) => {
      const { docker } = engine;
      await using container = await testContainer(engine);
      const exec = await createExec(docker, container.id, { Cmd: ["cat"], ...all });
      await goesThrough(await startExec(docker, exec));
      await using own = await testContainer(engine, {
        Cmd: ["cat"],
        OpenStdin: true,
        StdinOnce: true,
        AttachStdin: true,
        start: false,
      });
      const stream = await attachContainer(docker, own.id, { stdin: true });
      await startContainer(docker, own.id);
      await goesThrough(stream);
      equal((await waitContainer(docker, own.id)).StatusCode, 0);
    },
  },
  {
    name: "a terminal has its size",
    check: async (engine) => {
      const { docker } = engine;
      await using container = await testContainer(engine);
      const Cmd = ["sh", "-c", "echo start; read x; stty size"];
      const exec = await createExec(docker, container.id, { Cmd, Tty: true, ...all });
      const stream = await startExec(docker, exec, { tty: true });
      const writer = stream.writable.getWriter();
      let text = "";
      for await (const data of stream.readable) {
        const before = text;
        text += new TextDecoder().decode(data);
        if (before.includes("start") || !text.includes("start")) continue;
        await resizeExec(docker, exec, { height: 44, width: 88 });
        await writer.write(new TextEncoder().encode("\n"));
      }
      match(text, /44 88/);
    },
  },
  {
    name: "files in and out, logs, and what they become as an image",
    check: async (engine) => {
      const { docker, unique } = engine;
      await using container = await testContainer(engine, {
        Cmd: ["sh", "-c", "echo out; echo err >&2; cat /root/in/ü; exec sleep 100"],
        start: false,
      });
      await putArchive(docker, container.id, {
        path: "/root",
        archive: await tarBytes([{ name: "in/ü", content: "text\n", uid: 1000 }]),
      });
      await startContainer(docker, container.id);
      let text = "";
      for await (const { stream, data } of containerLogs(docker, container.id, { follow: true })) {
        text += `${stream}:${new TextDecoder().decode(data)}`;
        if (text.includes("text")) break;
      }
      match(text, /stdout:out\n/);
      match(text, /stderr:err\n/);
      const { archive } = await getArchive(docker, container.id, { path: "/root/in" });
      const names: string[] = [];
      for await (const { name, type } of readTar(archive)) names.push(`${type} ${name.replace(/\/$/, "")}`);
      equal(names, ["directory in", "file in/ü"]);
      const repo = unique();
      match(await commitContainer(docker, container.id, { repo, tag: "1", changes: ["ENV B=c"] }), isId);
      await using copy = await testContainer(engine, { Image: `${repo}:1` });
      equal((await execute(engine, copy.id, ["sh", "-c", "cat /root/in/ü; echo $B"])).stdout, "text\nc\n");
      await copy[Symbol.asyncDispose]();
      await removeImage(docker, `${repo}:1`);
    },
  },
  {
    name: "an image gets a name and loses it",
    check: async ({ docker, image, unique }) => {
      const name = `${unique()}/a:1`;
      await tagImage(docker, image, { target: name });
      const listed = await listImages(docker, { filters: { reference: [name] } });
      equal(listed.map(({ Id }) => Id), [(await inspectImage(docker, image))!.Id]);
      await removeImage(docker, name);
      equal(await inspectImage(docker, name), undefined);
    },
  },
];

const refusals: { name: string; act: (engine: Engine, id: string) => Promise<unknown>; error: unknown }[] = [
  {
    name: "an image that is not there",
    act: ({ docker, unique }) => createContainer(docker, { Image: unique() }),
    error: { code: "not_found" },
  },
  {
    name: "a name that is taken",
    act: async ({ docker, image }, id) => {
      const { Name } = await inspectContainer(docker, id);
      await createContainer(docker, { Image: image, name: Name.slice(1) });
    },
    error: { code: "conflict" },
  },
  {
    name: "removing what runs",
    act: ({ docker }, id) => removeContainer(docker, id),
    error: { code: "conflict" },
  },
  {
    name: "killing what does not run",
    act: async (engine) => {
      await using container = await testContainer(engine, { start: false });
      await killContainer(engine.docker, container.id);
    },
    error: { code: "conflict" },
  },
  {
    name: "a process in what does not run",
    act: async (engine) => {
      await using container = await testContainer(engine, { start: false });
      await createExec(engine.docker, container.id, { Cmd: ["true"] });
    },
    error: { code: "conflict" },
  },
  {
    name: "a network twice",
    act: async ({ docker, unique }) => {
      const Name = unique();
      await createNetwork(docker, { Name });
      await createNetwork(docker, { Name }).finally(() => removeNetwork(docker, Name));
    },
    error: { code: "conflict" },
  },
  {
    name: "removing a volume in use",
    act: async (engine) => {
      const Source = engine.unique();
      await createVolume(engine.docker, { Name: Source });
      await using _ = await testContainer(engine, {
        HostConfig: { Mounts: [{ Type: "volume", Source, Target: "/data" }] },
      });
      await removeVolume(engine.docker, Source);
    },
    error: { code: "conflict" },
  },
  {
    name: "a build with a step that fails",
    act: (engine) => build(engine, "RUN exit 42"),
    error: { details: { exitCode: 42 } },
  },
  {
    name: "a build with a word that is no instruction",
    act: (engine) => build(engine, "RUM x"),
    error: { code: "invalid_input", message: /unknown instruction: "?RUM/i },
  },
];

async function podman() {
  const engine = await ownPodman();
  const docker = await engine.open();
  return { ...engine, docker, image: await busyboxImage(docker), dispose: engine[Symbol.asyncDispose] };
}

realTest("Podman: the client's main parts", podman, async (part, t) => {
  const engine: Engine = { ...part, unique: () => `skiff-test-${crypto.randomUUID().slice(0, 8)}` };
  try {
    for (const { name, check } of checks) await t.step(name, () => check(engine));
    for (const { name, act, error } of refusals) {
      await t.step(`${name} is refused with the right code`, async () => {
        await using container = await testContainer(engine);
        await rejects(() => act(engine, container.id), error as any);
      });
    }
    await t.step("a build gives its output and its image", async () => {
      const { text, id } = await build(engine, 'ARG A\nRUN echo "A is $A"');
      match(text, /A is b c\n/);
      match(id, isId);
      await removeImage(engine.docker, id);
    });
    equal((await listContainers(engine.docker, { all: true })).length, 0);
  } finally {
    engine.docker.close();
    await part.dispose();
  }
});

async function build({ docker, image }: Engine, lines: string): Promise<{ text: string; id: string }> {
  const context = await tarBytes([{ name: "Dockerfile", content: `FROM ${image}\n${lines}\n` }]);
  let [text, id] = ["", ""];
  const options = { networkMode: "none", forceRemove: true, buildArgs: { A: "b c" } };
  for await (const { stream, aux } of buildImage(docker, context, options)) {
    text += stream ?? "";
    id = aux?.ID ?? id;
  }
  return { text, id };
}

/** Sends while it receives, and ends its end. */
async function goesThrough(
  stream: HijackedStream,
): Promise<void> {
  const bytes = patterned(20 << 20);
  const sending = new Blob([bytes]).stream().pipeTo(stream.writable);
  const received = new Uint8Array(bytes.length);
  let count = 0;
  for await (const { data } of demultiplex(stream.readable)) {
    received.set(data, count);
    count += data.length;
  }
  await sending;
  equal(count, bytes.length);
  equal(received.every((byte, i) => byte === bytes[i]), true);
}
