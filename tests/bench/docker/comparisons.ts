/** What the Engine client is compared with the docker CLI in. Turns alternate, so that both see the same machine. */
import { inspectContainer } from "../../../core/docker/containers.ts";
import { createExec, inspectExec, startExec } from "../../../core/docker/execs.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import type { Engine } from "../../support/engine_test.ts";
import { median, type Row } from "../report.ts";

export interface Bench extends Engine {
  container: string;
}

type Measure = () => Promise<void>;

/** Seconds of each side, medians. */
async function alternate(ours: Measure, theirs: Measure, rounds: number) {
  const sides = [{ run: ours, times: [] as number[] }, { run: theirs, times: [] as number[] }];
  for (const { run } of sides) await run(); // warms the caches
  for (let round = 0; round < rounds; round++) {
    for (const { run, times } of round % 2 ? sides.toReversed() : sides) {
      const start = performance.now();
      await run();
      times.push((performance.now() - start) / 1000);
    }
  }
  return { ours: median(sides[0].times), theirs: median(sides[1].times) };
}

async function cli({ host, container }: Bench, script: string): Promise<void> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", container],
    env: { DOCKER_HOST: host },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`failed: ${script}`);
}

const megabytes = 200;

/** A process from creation to its exit code. */
async function latency(bench: Bench, rounds: number): Promise<Row> {
  const { docker, container } = bench;
  const ours = async () => {
    const id = await createExec(docker, container, { Cmd: ["true"], AttachStdout: true, AttachStderr: true });
    for await (const _ of (await startExec(docker, id)).readable);
    await inspectExec(docker, id);
  };
  const times = await alternate(ours, () => cli(bench, 'docker exec "$1" true'), rounds * 3);
  const row = { name: "exec true", unit: "ms", bound: { atMost: 1 } };
  return { ...row, ours: times.ours * 1000, theirs: times.theirs * 1000 };
}

async function output(bench: Bench, rounds: number): Promise<Row> {
  const { docker, container } = bench;
  const Cmd = ["dd", "if=/dev/zero", "bs=1M", `count=${megabytes}`];
  const ours = async () => {
    const { readable } = await startExec(
      docker,
      await createExec(docker, container, { Cmd, AttachStdout: true }),
    );
    let bytes = 0;
    for await (const { data } of demultiplex(readable)) bytes += data.length;
    if (bytes !== megabytes << 20) throw new Error(`${bytes} bytes came`);
  };
  const times = await alternate(ours, () => cli(bench, `docker exec "$1" ${Cmd.join(" ")}`), rounds);
  return rate("200 MB out of a container", times);
}

async function input(bench: Bench, rounds: number): Promise<Row> {
  const { docker, container } = bench;
  const Cmd = ["sh", "-c", `test $(wc -c) = ${megabytes << 20}`];
  const piece = new Uint8Array(64 * 1024);
  const ours = async () => {
    const id = await createExec(docker, container, { Cmd, AttachStdin: true, AttachStdout: true });
    const stream = await startExec(docker, id);
    const writer = stream.writable.getWriter();
    for (let sent = 0; sent < megabytes << 20; sent += piece.length) await writer.write(piece);
    await stream.closeWrite();
    for await (const _ of stream.readable);
    if ((await inspectExec(docker, id)).ExitCode !== 0) throw new Error("not all bytes arrived");
  };
  const feed = `head -c ${megabytes << 20} /dev/zero | docker exec -i "$1" sh -c '${Cmd[2]}'`;
  return rate("200 MB into a container", await alternate(ours, () => cli(bench, feed), rounds));
}

function rate(name: string, { ours, theirs }: { ours: number; theirs: number }): Row {
  return { name, unit: "MB/s", ours: megabytes / ours, theirs: megabytes / theirs, bound: { atLeast: 0.8 } };
}

async function inspects({ docker, container }: Bench, rounds: number): Promise<Row> {
  const times: number[] = [];
  for (let i = 0; i < rounds * 20; i++) {
    const start = performance.now();
    await inspectContainer(docker, container);
    times.push(performance.now() - start);
  }
  return { name: "one inspect", unit: "ms", ours: median(times), bound: { limit: 2 } };
}

export const comparisons = { latency, output, input, inspects };
