import { deepStrictEqual as equal } from "node:assert";
import {
  attachContainer,
  inspectContainer,
  openWait,
  startContainer,
} from "../../../core/docker/containers.ts";
import { events } from "../../../core/docker/events.ts";
import { openDocker } from "../../../core/docker/docker.ts";
import { createExec, startExec } from "../../../core/docker/execs.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { engineTest, execute, testContainer } from "../../support/engine_test.ts";

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

engineTest("1,000 inspects at once leave nothing behind", async (engine) => {
  await using container = await testContainer(engine);
  const docker = await openDocker({ env: engine.env });
  await inspectContainer(docker, container.id);
  const before = openFiles();
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => inspectContainer(docker, container.id)),
    );
    equal(answers.every(({ Id }) => Id === container.id), true);
    equal([docker.connections <= 16, openFiles() <= before + 16], [true, true]);
  }
  docker.close();
  equal(docker.connections, 0);
  // A socket's file is freed when its pending read has ended, which is a turn or two later.
  for (let turn = 0; openFiles() >= before && turn < 100; turn++) await new Promise((r) => setTimeout(r));
  equal(openFiles() < before, true);
});

engineTest("200 streams that are opened and left close their files", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  await inspectContainer(docker, container.id);
  const before = openFiles();
  for (let i = 0; i < 50; i++) {
    await Promise.all(Array.from({ length: 4 }, async () => {
      const stream = events(docker, { since: 1 });
      await stream.next();
      await stream.return(undefined);
    }));
  }
  equal([docker.connections <= 16, openFiles() <= before + 16], [true, true]);
});

const megabytes = 200;

engineTest("200 MB of output come through in flat memory", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const Cmd = ["dd", "if=/dev/zero", "bs=1M", `count=${megabytes}`];
  const read = async () => {
    const exec = await createExec(docker, container.id, { Cmd, AttachStdout: true });
    let bytes = 0;
    let most = 0;
    for await (const { data } of demultiplex((await startExec(docker, exec)).readable)) {
      bytes += data.length;
      most = Math.max(most, Deno.memoryUsage().rss);
    }
    equal(bytes, megabytes << 20);
    return most;
  };
  const first = await read();
  equal(await read() - first < 64 << 20, true);
});

engineTest("a reader that stops makes the container wait, and memory stays flat", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine, {
    Cmd: ["sh", "-c", "read go; dd if=/dev/zero bs=64k count=3200 2>/dev/null; touch /done"],
    OpenStdin: true,
    start: false,
  });
  const stream = await attachContainer(docker, container.id, { stdin: true });
  const { answer } = await openWait(docker, container.id);
  await startContainer(docker, container.id);
  await stream.writable.getWriter().write(new TextEncoder().encode("\n"));
  const pieces = demultiplex(stream.readable);
  await pieces.next();
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 5; i++) await execute(engine, container.id, ["true"]);
  equal(Deno.memoryUsage().rss - before < 32 << 20, true);
  equal((await execute(engine, container.id, ["test", "-e", "/done"])).code, 1);
  for await (const _ of pieces);
  equal(typeof (await answer).StatusCode, "number");
});
