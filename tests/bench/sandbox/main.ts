/**
 * Sandboxes against the docker CLI, by turns in one run: entering one that runs against `docker exec`, making one
 * against `docker run`, and what comes through the attached stream.
 *
 *   deno run -A tests/bench/sandbox/main.ts [--rounds 20] [--megabytes 200] [--only enter,make,stream]
 *
 * Needs the docker CLI and dist/skiff (`deno task build`).
 */
import { parseArgs } from "node:util";
import { removeContainer } from "../../../core/docker/containers.ts";
import { testDocker } from "../../support/docker.ts";
import { findExecutable } from "../../support/executable.ts";
import { type SandboxHome, stubTemplate, withSandboxHome } from "../../support/sandbox_home.ts";
import { median, type Row, table } from "../report.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "20" },
    megabytes: { type: "string", default: "200" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const megabytes = Number(values.megabytes);
const wanted = (name: string) => !values.only || values.only.split(",").includes(name);
const mostForStart = 1.3;
const leastOfRate = 0.8;

interface Program {
  command: string;
  args: string[];
}

/** Milliseconds until it has ended well. Its output is read and thrown away. */
async function time({ command, args }: Program, env: Record<string, string>): Promise<number> {
  const start = performance.now();
  const child = new Deno.Command(command, { args, env, clearEnv: true, stdin: "null", stdout: "piped" })
    .spawn();
  for await (const _ of child.stdout);
  const { code } = await child.status;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  return performance.now() - start;
}

/** Medians of both, by turns so that a busy moment of the machine meets both. */
async function byTurns(count: number, ours: () => Promise<number>, theirs: () => Promise<number>) {
  const all: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < count; round++) {
    all.theirs.push(await theirs());
    all.ours.push(await ours());
  }
  return { ours: median(all.ours), theirs: median(all.theirs) };
}

async function measure({ home, docker, workspace, ok, sandboxes }: SandboxHome): Promise<Row[]> {
  const rows: Row[] = [];
  const folder = await workspace();
  const skiff = (...words: string[]): Program => ({
    command: home.executable,
    args: ["sandbox", "run", "-q", "-w", folder, "--template", stubTemplate, ...words],
  });
  const cli = (...args: string[]): Program => ({ command: "docker", args });
  await time(skiff("shell", "true"), home.env);
  const [{ id }] = await sandboxes();
  if (wanted("enter")) {
    const both = await byTurns(
      rounds,
      () => time(skiff("shell", "true"), home.env),
      () => time(cli("exec", id, "true"), home.env),
    );
    const bound = { atMost: mostForStart };
    rows.push({ name: "`run … true` in a sandbox that runs / `docker exec`", unit: "ms", ...both, bound });
  }
  if (wanted("stream")) {
    const write = `head -c ${megabytes * 1024 * 1024} /dev/zero`;
    const rate = (ms: number) => megabytes / (ms / 1000);
    const both = await byTurns(
      Math.max(3, Math.floor(rounds / 4)),
      async () => rate(await time(skiff("shell", "-c", write), home.env)),
      async () => rate(await time(cli("exec", id, "sh", "-c", write), home.env)),
    );
    rows.push({ name: `${megabytes} MB of output`, unit: "MB/s", ...both, bound: { atLeast: leastOfRate } });
  }
  if (wanted("make")) {
    const containers: string[] = [];
    const both = await byTurns(
      Math.max(5, Math.floor(rounds / 2)),
      async () => {
        await ok(["rm", "-f", "shell-project"]);
        return await time(skiff("shell", "true"), home.env);
      },
      async () => {
        const name = `skiff-bench-${crypto.randomUUID().slice(0, 8)}`;
        containers.push(name);
        const mount = `type=bind,source=${folder},target=${folder}`;
        return await time(
          cli("run", "--name", name, "--init", "--mount", mount, stubTemplate, "true"),
          home.env,
        );
      },
    );
    for (const name of containers) await removeContainer(docker, name, { force: true });
    const bound = { atMost: mostForStart };
    rows.push({ name: "`run … true`, a new sandbox / `docker run`", unit: "ms", ...both, bound });
  }
  return rows;
}

await withSandboxHome(await findExecutable(), await testDocker(), async (home) => {
  console.log(
    await table(await measure(home), `tests/bench/sandbox/main.ts ${Deno.args.join(" ")}`.trim(), "busybox"),
  );
});
