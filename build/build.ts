/**
 * `deno task build [--target NAME]… [--all]`: compiles dist/skiff, one file with the engines' files and the assets in
 * it.
 */
import { skiffPaths } from "../core/paths/paths.ts";
import { ensureForwarder, type ForwarderArch, forwarderAsset } from "../core/sandbox/network/forwarder.ts";
import { embeddedSet } from "../inference/engines/llama/library_set.ts";
import { onnxFiles } from "../inference/engines/onnx/package_table.ts";
import { packFiles } from "../inference/engines/packages/pack.ts";
import { appendAssets } from "./append_assets.ts";
import { bundle } from "./bundle.ts";
import { type Compiler, findCompiler } from "./compiler.ts";
import { executableName, hostTarget, type Target, targets } from "./targets.ts";

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const cache = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/skiff-build`;

/** Compiles one target; the path of the executable. */
async function build(target: Target, output: string): Promise<void> {
  await Deno.mkdir(cache, { recursive: true });
  const compiler = await findCompiler(target, cache);
  // Outside the checkout: `deno compile` embeds any node_modules that it finds beside the entry.
  const stage = await Deno.makeTempDir({ prefix: "skiff-stage-" });
  try {
    await bundle(root, stage);
    await copyFolder(`${root}/assets`, `${stage}/assets`);
    // Deno reads all that it embeds at every start; where we can, what is large lies beside that.
    const large = target.os === "linux" ? `${stage}.large` : `${stage}/assets`;
    const libraries = embeddedSet(target.os, target.arch);
    if (libraries === undefined) throw new Error(`There are no engine libraries for ${target.name}`);
    for (const set of [libraries, onnxFiles]) await packFiles(set, large);
    await packForwarders(large);
    await compile(compiler, stage, target, { output, append: target.os === "linux" ? large : undefined });
  } finally {
    await Deno.remove(stage, { recursive: true });
    await Deno.remove(`${stage}.large`, { recursive: true }).catch(() => {});
  }
  const { size } = await Deno.stat(output);
  console.log(`${output}: ${(size / 1e6).toFixed(1)} MB for ${target.name}, on ${compiler.origin}`);
}

/** The sandboxes' main process, for Engines on either processor, whatever this machine is. */
async function packForwarders(assets: string): Promise<void> {
  for (const arch of ["x86_64", "aarch64"] satisfies ForwarderArch[]) {
    const program = await ensureForwarder({ ...skiffPaths(), cache }, arch, { onNote: console.log });
    const target = `${assets}/${forwarderAsset(arch)}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(program, target);
  }
}

async function compile(
  compiler: Compiler,
  stage: string,
  target: Target,
  { output, append }: { output: string; append?: string },
): Promise<void> {
  const partial = `${output}.part${target.os === "windows" ? ".exe" : ""}`;
  const args = ["compile", "-A", "--quiet", "--no-check", "--no-config", "--no-lock", "--no-remote"];
  args.push(
    "--node-modules-dir=none",
    "--no-code-cache",
    "--unstable-webgpu",
    "--unstable-no-legacy-abort",
    "--unstable-worker-options",
    "--v8-flags=--expose-gc",
  );
  args.push("--include", "assets", "--include", "chunks", "--output", partial);
  if (!compiler.env.DENORT_BIN) args.push("--target", target.triple);
  const command = new Deno.Command(compiler.deno, {
    args: [...args, "main.js"],
    cwd: stage,
    env: { ...compiler.env, DENO_NO_UPDATE_CHECK: "1" },
  });
  const { success } = await command.spawn().status;
  if (!success) throw new Error(`deno compile failed for ${target.name}`);
  if (append && !await appendAssets(partial, append)) {
    // A compiler that lays its executables out in another way: embedded then, at the cost of slower starts.
    await copyFolder(append, `${stage}/assets`);
    return await compile(compiler, stage, target, { output });
  }
  await Deno.rename(partial, output);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

function wantedTargets(args: string[], host: Target | undefined): Target[] {
  if (args.includes("--all")) return targets;
  const names = args.flatMap((arg, i) =>
    arg === "--target" ? [args[i + 1]] : arg.split("--target=")[1] ?? []
  );
  if (names.length === 0 && host) return [host];
  return names.map((name) => {
    const target = targets.find((one) => one.name === name || one.triple === name);
    if (target) return target;
    throw new Error(`No target "${name}"; targets: ${targets.map((one) => one.name).join(", ")}`);
  });
}

const host = hostTarget();
await Deno.mkdir(`${root}/dist`, { recursive: true });
try {
  for (const target of wantedTargets(Deno.args, host)) {
    await build(target, `${root}/dist/${executableName(target, host)}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
