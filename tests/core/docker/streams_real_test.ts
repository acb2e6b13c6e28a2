import { deepStrictEqual as equal, rejects } from "node:assert";
import {
  attachContainer,
  openWait,
  pauseContainer,
  resizeContainer,
  startContainer,
} from "../../../core/docker/containers.ts";
import type { HijackedStream } from "../../../core/docker/docker.ts";
import {
  createExec,
  inspectExec,
  resizeExec,
  startDetachedExec,
  startExec,
} from "../../../core/docker/execs.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { type Engine, engineTest, execute, patterned, testContainer } from "../../support/engine_test.ts";

const all = { AttachStdin: true, AttachStdout: true, AttachStderr: true };

engineTest("a process has its streams, exit code, environment, folder and user", async (engine) => {
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
  equal((await inspectExec(docker, exec)).ExitCode, null);
  const { readable } = await startExec(docker, exec);
  const text = { stdout: "", stderr: "" };
  for await (const { stream, data } of demultiplex(readable)) text[stream] += new TextDecoder().decode(data);
  equal(text, { stdout: "ü /home/agent 1000\n", stderr: "err\n" });
  const { ExitCode, Running, ContainerID } = await inspectExec(docker, exec);
  equal([ExitCode, Running, ContainerID], [7, false, container.id]);
});

/** Sends while it receives; what came back as stdout. */
async function through(stream: HijackedStream, bytes: Uint8Array, plain = false): Promise<Uint8Array> {
  const sending = (async () => {
    const writer = stream.writable.getWriter();
    for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
    if (!plain) await writer.close(); // a terminal would hang up
  })();
  const received = new Uint8Array(bytes.length + 1);
  let count = 0;
  const take = (data: Uint8Array) => {
    received.set(data, count);
    count += data.length;
    if (plain && count >= bytes.length) stream.close(); // a terminal has no end of input
  };
  if (plain) { for await (const data of stream.readable) take(data); }
  else for await (const { data } of demultiplex(stream.readable)) take(data);
  await sending;
  return received.subarray(0, count);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const megabytes20 = patterned(20 * 1024 * 1024);

engineTest(
  "20 MB go through a process in both directions unchanged, and end with our end",
  async (engine) => {
    const { docker } = engine;
    await using container = await testContainer(engine);
    const exec = await createExec(docker, container.id, { Cmd: ["cat"], ...all });
    equal(same(await through(await startExec(docker, exec), megabytes20), megabytes20), true);
    equal((await inspectExec(docker, exec)).ExitCode, 0);
  },
);

engineTest("20 MB go through a raw terminal unchanged", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const Cmd = ["sh", "-c", "stty raw -echo; echo ready; exec cat"];
  const exec = await createExec(docker, container.id, { Cmd, Tty: true, ...all });
  const stream = await startExec(docker, exec, { tty: true });
  const reader = stream.readable.getReader();
  let greeting = "";
  while (!greeting.includes("ready")) greeting += new TextDecoder().decode((await reader.read()).value);
  reader.releaseLock();
  equal(/^ready\r?\n$/.test(greeting), true);
  equal(same(await through(stream, megabytes20, true), megabytes20), true);
});

engineTest("20 MB go through a container that was attached to before its start", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine, {
    Cmd: ["cat"],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    start: false,
  });
  const stream = await attachContainer(docker, container.id, { stdin: true });
  const { answer } = await openWait(docker, container.id, { condition: "next-exit" });
  await startContainer(docker, container.id);
  equal(same(await through(stream, megabytes20), megabytes20), true);
  equal((await answer).StatusCode, 0);
});

engineTest("half-close ends the input and leaves the output open", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const exec = await createExec(docker, container.id, {
    Cmd: ["sh", "-c", "wc -c; sleep 0.2; echo after"],
    ...all,
  });
  const stream = await startExec(docker, exec);
  await stream.writable.getWriter().write(new Uint8Array(12345));
  await stream.closeWrite();
  let text = "";
  for await (const { data } of demultiplex(stream.readable)) text += new TextDecoder().decode(data);
  equal(text, "12345\nafter\n");
});

engineTest("a terminal has a size, and changes it", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine, { Tty: true });
  await resizeContainer(docker, container.id, { height: 10, width: 20 });
  const Cmd = ["sh", "-c", "echo start; read x; stty size; read x"];
  const exec = await createExec(docker, container.id, { Cmd, Tty: true, ...all });
  const stream = await startExec(docker, exec, { tty: true, consoleSize: [33, 99] });
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  let text = "";
  const until = async (word: string) => {
    while (!text.includes(word)) text += new TextDecoder().decode((await reader.read()).value);
  };
  await until("start");
  await resizeExec(docker, exec, { height: 44, width: 88 });
  await writer.write(new TextEncoder().encode("\n"));
  await until("44 88");
  await writer.write(new TextEncoder().encode("\n"));
  while (!(await reader.read()).done);
  equal((await inspectExec(docker, exec)).ExitCode, 0);
});

engineTest(
  "a program that is not there: the Engine says so in the stream, and the code is 126 or 127",
  async (engine) => {
    await using container = await testContainer(engine);
    const { stdout, code } = await execute(engine, container.id, ["nonesuch"]);
    equal([/nonesuch.*not found/.test(stdout), code === 126 || code === 127], [true, true]);
  },
);

engineTest("a detached process runs by itself", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const exec = await createExec(docker, container.id, { Cmd: ["touch", "/tmp/done"] });
  await startDetachedExec(docker, exec);
  const wait = ["sh", "-c", "while [ ! -e /tmp/done ]; do sleep 0.05; done"];
  equal((await execute(engine, container.id, wait)).code, 0);
});

engineTest("a signal ends a stream at once; the process goes on", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const exec = await createExec(docker, container.id, { Cmd: ["sleep", "3600"], ...all });
  const controller = new AbortController();
  const stream = await startExec(docker, exec, { signal: controller.signal });
  const reading = stream.readable.getReader().read();
  const before = docker.connections;
  controller.abort();
  await rejects(() => reading, { code: "interrupted" });
  equal(docker.connections, before - 1);
  equal((await inspectExec(docker, exec)).Running, true);
});

const refusals: { name: string; act: (engine: Engine, id: string) => Promise<unknown>; error: unknown }[] = [
  {
    name: "a process in a container that does not run",
    act: async (engine) => {
      await using container = await testContainer(engine, { start: false });
      await createExec(engine.docker, container.id, { Cmd: ["true"] });
    },
    error: { code: "conflict", message: /not running/ },
  },
  {
    name: "a process in a paused container",
    act: async ({ docker }, id) => {
      await pauseContainer(docker, id);
      await createExec(docker, id, { Cmd: ["true"] });
    },
    error: { code: "conflict", message: /paused/ },
  },
  {
    name: "attaching to no container",
    act: ({ docker, unique }) => attachContainer(docker, unique()),
    error: { code: "not_found", message: /No such container/ },
  },
];

for (const { name, act, error } of refusals) {
  engineTest(`${name} is refused with the Engine's words`, async (engine) => {
    await using container = await testContainer(engine);
    await rejects(() => act(engine, container.id), error as any);
  });
}
