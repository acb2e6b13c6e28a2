/**
 * The forwarder: a small static Linux program that keeps a sandbox alive and carries connections from
 * 127.0.0.1 inside to the unix sockets of the proxy. It is embedded in the executable; a checkout builds it.
 */
import { createHash } from "node:crypto";
import { readAsset } from "../../assets/assets.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import { buildForwarder } from "./forwarder_build.ts";

export type ForwarderArch = "x86_64" | "aarch64";

/** The Engine's names of processors. */
export function forwarderArch(engineArch: string): ForwarderArch {
  if (engineArch === "amd64" || engineArch === "x86_64") return "x86_64";
  if (engineArch === "arm64" || engineArch === "aarch64") return "aarch64";
  throw new SkiffError(
    "unsupported",
    `Sandboxes need an Engine on amd64 or arm64, this one is ${engineArch}`,
  );
}

export function forwarderAsset(arch: ForwarderArch): string {
  return `forwarder/linux-${arch}`;
}

/**
 * Host path of the forwarder for the Engine's processor, in the cache folder, intact and executable. From a
 * checkout it is built when missing, and `onNote` is told. Throws "network" when the compiler cannot be had.
 */
export async function ensureForwarder(
  paths: Paths,
  arch: ForwarderArch,
  options: { onNote?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const embedded = await readAsset(forwarderAsset(arch));
  if (!embedded) return await buildForwarder(paths, arch, options);
  const digest = createHash("sha256").update(embedded).digest("hex").slice(0, 16);
  const target = `${paths.cache}/sandbox/forwarder-${arch}-${digest}`;
  const there = await Deno.readFile(target).catch(() => undefined);
  if (there && same(there, embedded)) return target;
  await Deno.mkdir(`${paths.cache}/sandbox`, { recursive: true, mode: 0o755 });
  const part = `${target}.${crypto.randomUUID()}.part`;
  await Deno.writeFile(part, embedded, { mode: 0o755 });
  await Deno.chmod(part, 0o755);
  await Deno.rename(part, target);
  return target;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
