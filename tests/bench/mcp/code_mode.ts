/**
 * One script with one tool call in a warm sandbox, against one `docker run` of a tiny image: what a sandbox in a
 * container would cost a call at least.
 *
 *   deno run -A tests/bench/mcp/code_mode.ts [--rounds 20] [--executable dist/skiff]
 */
import { parseArgs } from "node:util";
import { defaultLimits } from "../../../gateway/mcp/code_mode/sandbox_protocol.ts";
import { ScriptSandboxes } from "../../../gateway/mcp/code_mode/script_sandboxes.ts";
import { testDocker } from "../../support/docker.ts";
import { busyboxImage } from "../../support/docker_images.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string", default: "20" }, executable: { type: "string" } },
});

const { executable } = values;
const sandboxes = new ScriptSandboxes(
  executable ? { command: (args) => ({ program: executable, args }) } : {},
);

async function script(): Promise<void> {
  const { failed, text } = await sandboxes.run({
    script: "return echo({a: 1})",
    functions: [{ identifier: "echo", tool: "echo" }],
    limits: defaultLimits,
    call: (_, args) => Promise.resolve(JSON.stringify(args)),
    signal: AbortSignal.timeout(60_000),
  });
  if (failed || text !== `{"a":1}`) throw new Error(text);
}

/** As a server's container is started. */
const limits = ["-i", "--init", "--security-opt", "no-new-privileges", "--cpus", "1", "--memory", "2g"];

async function container(host: string, image: string): Promise<void> {
  const args = ["-H", host, "run", "--rm", ...limits, image, "echo", "1"];
  const { success, stderr } = await new Deno.Command("docker", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Milliseconds, sorted. The pause is for what gets ready between calls of a model, which are seconds apart. */
async function measure(work: () => Promise<void>, pauseMs: number): Promise<number[]> {
  await work();
  const took: number[] = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  return took.sort((a, b) => a - b);
}

const docker = await testDocker();
const connection = await docker.open();
const image = await busyboxImage(connection).finally(() => connection.close());
const middle = (times: number[]) => times[times.length >> 1];
try {
  const rows = {
    "script, warm": middle(await measure(script, 100)),
    "script, one after the other": middle(await measure(script, 0)),
    "docker run": middle(await measure(() => container(docker.host, image), 0)),
  };
  for (const [name, ms] of Object.entries(rows)) {
    console.log(
      `${name.padEnd(30)} ${ms.toFixed(2).padStart(9)} ms  docker run / it: ${
        (rows["docker run"] / ms).toFixed(1)
      }`,
    );
  }
} finally {
  await sandboxes.close();
}
