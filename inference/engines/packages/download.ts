/** Files out of a package of the npm registry, pinned by the integrity of its tarball. */
import { createHash } from "node:crypto";
import { readTar } from "../../../core/archive/tar.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { NpmPackage, PackageFile } from "./npm_package.ts";

export interface DownloadProgress {
  /** "linux-x64-cuda 3.22.1" */
  package: string;
  receivedBytes: number;
  totalBytes: number;
}

export interface DownloadOptions {
  registry?: string;
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

/** Address of a package's tarball. */
function tarballUrl({ scope, name, version }: NpmPackage, registry?: string): string {
  const base = registry ?? Deno.env.get("npm_config_registry") ?? "https://registry.npmjs.org";
  return `${base.replace(/\/$/, "")}/${scope ? `${scope}/` : ""}${name}/-/${name}-${version}.tgz`;
}

/**
 * Downloads a package into a temporary file of `folder`, checks its integrity, and only then gives the wanted
 * files. Throws "network" or "corrupt".
 */
export async function* downloadPackage(
  row: NpmPackage,
  wanted: PackageFile[],
  folder: string,
  options: DownloadOptions,
): AsyncGenerator<{ file: PackageFile; content: Uint8Array }> {
  const tarball = `${folder}/.${crypto.randomUUID()}.part`;
  try {
    await download(row, tarball, options);
    const left = new Map(wanted.map((file) => [`package/${file.path}`, file]));
    using source = await Deno.open(tarball);
    for await (const entry of readTar(source.readable)) {
      const file = left.get(entry.name);
      if (
        file === undefined || entry.type !== "file" || entry.size !== (file.bytesBefore ?? file.bytes)
      ) {
        continue;
      }
      const content = new Uint8Array(entry.size);
      let at = 0;
      for await (const piece of entry.content()) {
        content.set(piece, at);
        at += piece.length;
      }
      left.delete(entry.name);
      yield { file, content: edited(file, content) };
      if (left.size === 0) return;
    }
    const names = [...left.values()].map((file) => file.name).join(", ");
    throw new SkiffError("corrupt", `The package ${row.name} ${row.version} does not hold ${names}`);
  } finally {
    await Deno.remove(tarball).catch(() => {});
  }
}

function edited({ edits }: PackageFile, content: Uint8Array): Uint8Array {
  if (edits === undefined) return content;
  let text = new TextDecoder().decode(content);
  for (const { find, replace } of edits) text = text.replaceAll(find, replace);
  return new TextEncoder().encode(text);
}

async function download(row: NpmPackage, target: string, options: DownloadOptions): Promise<void> {
  const url = tarballUrl(row, options.registry);
  const name = `${row.name} ${row.version}`;
  const unreachable = (reason: string, cause?: unknown) =>
    new SkiffError("network", `Cannot download the package ${name}: ${reason}`, {
      hint: "Check the network; npm_config_registry names another npm registry.",
      cause,
      details: { url },
    });
  const hash = createHash("sha512");
  let receivedBytes = 0;
  using out = await Deno.open(target, { write: true, createNew: true, mode: 0o600 });
  try {
    const response = await fetch(url, { signal: options.signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw unreachable(`the registry answered ${response.status}`);
    }
    for await (const piece of response.body) {
      hash.update(piece);
      receivedBytes += piece.length;
      if (receivedBytes > row.bytes) break; // not the pinned package, however long it goes on
      for (let at = 0; at < piece.length;) at += await out.write(piece.subarray(at));
      options.onProgress?.({ package: name, receivedBytes, totalBytes: row.bytes });
    }
  } catch (error) {
    if (options.signal?.aborted) {
      throw new SkiffError("interrupted", "The download was interrupted", { cause: error });
    }
    if (error instanceof TypeError) throw unreachable(error.message, error);
    throw error;
  }
  if (receivedBytes < row.bytes) throw unreachable(`it ended after ${receivedBytes} of ${row.bytes} bytes`);
  if (receivedBytes > row.bytes || `sha512-${hash.digest("base64")}` !== row.integrity) {
    throw new SkiffError("corrupt", `The registry's package ${name} is not the one that skiff trusts`, {
      hint: "A package mirror that alters packages cannot be used; set npm_config_registry to another.",
      details: { url },
    });
  }
}
