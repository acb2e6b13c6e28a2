/** The two servers that are compared: the executable under test, and llama-server's own code as PyPI has it. */
import { freePort } from "../support/executable.ts";
import { gemma3 } from "../support/models.ts";
import { wheelFolder } from "../support/packages.ts";

export interface Server {
  name: string;
  /** Address of the OpenAI routes. */
  base: string;
  model: string;
  /** Milliseconds from spawning the process to the first healthy answer. */
  start: number;
  pid: number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  modelPath: string;
  threads: number;
  parallel: number;
  /** Positions a sequence. */
  context: number;
}

const peerWheel = "xllamacpp-2026.10.11549-cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl";

/** Runs llama-server inside Python; it serves until its stdin is closed. */
const peerProgram = `
import sys, xllamacpp
path, port, threads, parallel, context = sys.argv[1], *map(int, sys.argv[2:6])
p = xllamacpp.CommonParams()
p.model.path = path
p.port = port
p.cpuparams.n_threads = threads
p.cpuparams_batch.n_threads = threads
p.n_parallel = parallel
p.n_ctx = context * parallel
server = xllamacpp.Server(p)
sys.stdin.read()
`;

export async function startPeer(options: ServerOptions): Promise<Server> {
  const folder = await wheelFolder("xllamacpp", peerWheel);
  const port = freePort();
  const { modelPath, threads, parallel, context } = options;
  const started = performance.now();
  const child = new Deno.Command("python3", {
    args: ["-c", peerProgram, modelPath, ...[port, threads, parallel, context].map(String)],
    env: { PYTHONPATH: folder },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const start = await healthy(`http://127.0.0.1:${port}/health`, started);
  return {
    name: "llama-server",
    base: `http://127.0.0.1:${port}/v1`,
    model: "model",
    start,
    pid: child.pid,
    async stop() {
      await child.stdin.close();
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

export interface SkiffHome {
  executable: string;
  /** SKIFF_HOME: everything it keeps. */
  home: string;
  port: number;
  env: Record<string, string>;
}

/** Name of the model that grammars are measured on. */
export const largeVocabularyModel = "bench/large-vocabulary";

/** An empty home with the models in its store. */
export async function makeHome(
  executable: string,
  { modelPath, ...options }: ServerOptions,
): Promise<SkiffHome> {
  const home = await Deno.makeTempDir({ prefix: "skiff-bench-" });
  const port = freePort();
  const env = {
    SKIFF_HOME: home,
    MODEL_RUNNER_PORT: String(port),
    PATH: Deno.env.get("PATH") ?? "",
    HOME: home,
  };
  const skiff = { executable, home, port, env };
  await runSkiff(skiff, ["model", "package", "--gguf", modelPath, "bench/model"]);
  const flags = ["--", "--threads", String(options.threads), "--parallel", String(options.parallel)];
  await runSkiff(skiff, ["model", "configure", `--context-size=${options.context}`, "bench/model", ...flags]);
  await runSkiff(skiff, ["model", "package", "--gguf", await gemma3(), largeVocabularyModel]);
  await runSkiff(skiff, [
    "model",
    "configure",
    `--context-size=${options.context}`,
    largeVocabularyModel,
    ...flags,
  ]);
  await runSkiff(skiff, ["stop"]);
  return skiff;
}

/** Runs a command of the executable to its end; its standard output. */
export async function runSkiff({ executable, env }: SkiffHome, args: string[]): Promise<string> {
  const output = await new Deno.Command(executable, { args, env, clearEnv: true, stdin: "null" }).output();
  const text = new TextDecoder();
  if (!output.success) throw new Error(`skiff ${args.join(" ")}: ${text.decode(output.stderr)}`);
  return text.decode(output.stdout);
}

export async function startSkiff(home: SkiffHome): Promise<Server> {
  const started = performance.now();
  const child = new Deno.Command(home.executable, {
    args: ["serve"],
    env: home.env,
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const start = await healthy(`http://127.0.0.1:${home.port}/health`, started);
  return {
    name: "skiff",
    base: `http://127.0.0.1:${home.port}/engines/v1`,
    model: "bench/model",
    start,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function healthy(address: string, started: number): Promise<number> {
  while (performance.now() - started < 60_000) {
    const ok = await fetch(address).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (ok) return performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  throw new Error(`${address} did not answer within a minute`);
}

/** Resident bytes of a process (Linux). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
}
