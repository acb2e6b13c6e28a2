/** Builds the forwarder from assets/forwarder.c with the pinned compiler of PyPI's `ziglang`. */
import { createHash } from "node:crypto";
import { readAsset } from "../../assets/assets.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import type { ForwarderArch } from "./forwarder.ts";
import { ensureCompiler } from "./forwarder_compiler.ts";

export interface BuildOptions {
  onNote?: (line: string) => void;
  signal?: AbortSignal;
}

const flags = ["-Os", "-static", "-s", "-Wall", "-Wextra", "-Werror"];

/** Path of the program in the cache, built there when it is missing; its name holds the source's digest. */
export async function buildForwarder(
  paths: Paths,
  arch: ForwarderArch,
  options: BuildOptions = {},
): Promise<string> {
  const source = await readAsset("forwarder.c");
  if (!source) throw new SkiffError("internal", "This build of skiff carries no forwarder");
  const digest = createHash("sha256").update(source).update(flags.join(" ")).digest("hex").slice(0, 16);
  const target = `${paths.cache}/sandbox/forwarder-${arch}-${digest}`;
  if (await Deno.stat(target).then(({ isFile }) => isFile, () => false)) return target;
  const compiler = await ensureCompiler(paths, options);
  options.onNote?.(`Building the sandbox forwarder for ${arch} (once)`);
  const work = await Deno.makeTempDir({ prefix: "skiff-forwarder-" });
  try {
    await Deno.writeFile(`${work}/forwarder.c`, source);
    const { success, stderr } = await new Deno.Command(compiler, {
      args: ["cc", "-target", `${arch}-linux-musl`, ...flags, "forwarder.c", "-o", "forwarder"],
      cwd: work,
      env: { ZIG_GLOBAL_CACHE_DIR: `${work}/global`, ZIG_LOCAL_CACHE_DIR: `${work}/local` },
      stdout: "null",
      stderr: "piped",
      signal: options.signal,
    }).output();
    if (!success) {
      throw new SkiffError("internal", "The forwarder does not compile", {
        cause: new TextDecoder().decode(stderr),
      });
    }
    await Deno.mkdir(`${paths.cache}/sandbox`, { recursive: true, mode: 0o755 });
    const part = `${target}.${crypto.randomUUID()}.part`;
    await Deno.copyFile(`${work}/forwarder`, part);
    await Deno.chmod(part, 0o755);
    await Deno.rename(part, target);
    return target;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
