/**
 * One script with one tool call in a sandbox that waits for it, against one `docker run` of a tiny image: what a
 * sandbox in a container would cost a call at least.
 */
import { defaultLimits } from "../../../gateway/mcp/code_mode/sandbox_protocol.ts";
import { ScriptSandboxes } from "../../../gateway/mcp/code_mode/script_sandboxes.ts";
import { testDocker } from "../../support/docker.ts";
import { busyboxImage } from "../../support/docker_images.ts";
import { median, type Row } from "../report.ts";

/** Of the container's time: two orders of magnitude, and one where scripts come without a pause. */
const mostOfContainer = 0.01;
const mostWithoutPause = 0.1;
/** As a server's container is started. */
const limits = ["-i", "--init", "--security-opt", "no-new-privileges", "--cpus", "1", "--memory", "2g"];

export async function codeMode(executable: string, rounds: number): Promise<Row[]> {
  const docker = await testDocker();
  const connection = await docker.open();
  const image = await busyboxImage(connection).finally(() => connection.close());
  const sandboxes = new ScriptSandboxes({ command: (args) => ({ program: executable, args }) });
  try {
    const paused = await measure(() => script(sandboxes), rounds * 2, 300);
    const atOnce = await measure(() => script(sandboxes), rounds * 2, 0);
    const theirs = await measure(() => container(docker.host, image), rounds, 0);
    const row = (name: string, ours: number, atMost: number): Row => ({
      name: `code mode: ${name} / \`docker run\``,
      unit: "ms",
      ours,
      theirs,
      bound: { atMost },
    });
    return [
      row("a script", paused, mostOfContainer),
      row("scripts without a pause", atOnce, mostWithoutPause),
    ];
  } finally {
    await sandboxes.close();
  }
}

async function script(sandboxes: ScriptSandboxes): Promise<void> {
  const { failed, text } = await sandboxes.run({
    script: "return echo({a: 1})",
    functions: [{ identifier: "echo", tool: "echo" }],
    limits: defaultLimits,
    call: (_, args) => Promise.resolve(JSON.stringify(args)),
    signal: AbortSignal.timeout(60_000),
  });
  if (failed || text !== `{"a":1}`) throw new Error(text);
}

async function container(host: string, image: string): Promise<void> {
  const args = ["-H", host, "run", "--rm", ...limits, image, "echo", "1"];
  const { success, stderr } = await new Deno.Command("docker", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Milliseconds, the median. The pause is for what gets ready between calls of a model, which are seconds apart. */
async function measure(work: () => Promise<void>, count: number, pauseMs: number): Promise<number> {
  await work();
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  return median(took);
}
