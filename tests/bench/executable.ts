/** What the executable itself costs: start-up, size, and the memory of an idle server. */
import { findCompiler } from "../../build/compiler.ts";
import { hostTarget } from "../../build/targets.ts";
import { median, type Row } from "./report.ts";
import { residentBytes, type SkiffHome, startSkiff } from "./servers.ts";

const buildCache = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/skiff-build`;

/** `skiff --version` against a compiled program that does nothing. */
export async function measureStartUp(executable: string, rounds: number): Promise<Row> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-empty-" });
  try {
    const empty = await compileEmpty(folder);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await timeCommand(executable, ["--version"]));
      theirs.push(await timeCommand(empty, []));
    }
    return {
      name: "`skiff --version`; an empty compiled program",
      unit: "ms",
      ours: median(ours),
      theirs: median(theirs),
      bound: { atMost: 1.6 },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compileEmpty(folder: string): Promise<string> {
  await Deno.mkdir(buildCache, { recursive: true });
  const compiler = await findCompiler(hostTarget()!, buildCache);
  await Deno.writeTextFile(`${folder}/main.js`, "");
  const { success } = await new Deno.Command(compiler.deno, {
    args: [
      "compile",
      "-A",
      "--quiet",
      "--no-check",
      "--no-config",
      "--no-lock",
      "--output",
      "empty",
      "main.js",
    ],
    cwd: folder,
    env: compiler.env,
  }).output();
  if (!success) throw new Error("Cannot compile an empty program");
  return `${folder}/empty`;
}

async function timeCommand(program: string, args: string[]): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`${program} failed`);
  return performance.now() - start;
}

export async function measureSize(executable: string): Promise<Row> {
  const { size } = await Deno.stat(executable);
  return { name: "size of the executable", unit: "MB", ours: size / 1e6, bound: { limit: 130 } };
}

/** Resident memory of a server that holds no model, after a request. */
export async function measureIdle(home: SkiffHome): Promise<Row> {
  const server = await startSkiff(home);
  try {
    await (await fetch(`${server.base}/models`)).text();
    const ours = await residentBytes(server.pid) / 1e6;
    return { name: "idle server, resident", unit: "MB", ours, bound: { limit: 120 } };
  } finally {
    await server.stop();
  }
}
