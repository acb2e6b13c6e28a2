/** Tarballs of the agents' npm packages, downloaded once, checked before each use. */
import { createHash } from "node:crypto";
import { SkiffError } from "../../errors/skiff_error.ts";
import { download } from "../../http/download.ts";
import type { TransferMessage } from "../../progress/mod.ts";
import type { AgentPackage } from "./agent_package.ts";
import { npmRegistry, tarballUrl } from "./npm_registry.ts";

export interface FetchPackageOptions {
  /** Folder of the tarballs; made when it is missing. */
  folder: string;
  env?: { get(name: string): string | undefined };
  signal?: AbortSignal;
  /** Pauses before new tries. */
  retryDelaysMs?: readonly number[];
  onProgress?: (message: TransferMessage) => void;
}

/**
 * Path of the package's tarball, whose digest is the pinned one. An interrupted download goes on where it
 * stopped; two processes do not load the same package twice. Throws "network", "corrupt", "interrupted".
 */
export async function fetchPackage(row: AgentPackage, options: FetchPackageOptions): Promise<string> {
  const { folder, onProgress, signal } = options;
  await Deno.mkdir(folder, { recursive: true });
  const path = `${folder}/${row.name.replace("/", "+")}-${row.version}.tgz`;
  using lock = await Deno.open(`${path}.lock`, { create: true, write: true });
  await lock.lock(true); // the system frees it when its holder ends
  if (await integrityOf(path).catch(() => undefined) === row.integrity) return path;
  const { url, headers } = await npmRegistry(row.name, options.env);
  const id = `${row.name}@${row.version}`;
  const part = `${path}.part`;
  try {
    await download(
      {
        url: tarballUrl(url, row.name, row.version),
        from: 0,
        identity: row.integrity,
        headers: () => Promise.resolve(headers),
      },
      part,
      {
        signal,
        retryDelaysMs: options.retryDelaysMs,
        onBytes: (current) =>
          onProgress?.({
            type: "progress",
            message: "",
            total: row.bytes,
            layer: { id, size: row.bytes, current },
            mode: "pull",
          }),
        onRetry: (message) =>
          onProgress?.({ type: "warning", message, total: 0, layer: { size: 0, current: 0 } }),
      },
    );
  } catch (error) {
    throw unreachable(id, error);
  }
  await accept(part, path, row, id);
  return path;
}

async function accept(part: string, path: string, row: AgentPackage, id: string): Promise<void> {
  const found = await integrityOf(part);
  await Deno.remove(`${part}.json`).catch(() => {});
  if (found !== row.integrity) {
    await Deno.remove(part);
    throw new SkiffError("corrupt", `The registry's package ${id} is not the one that skiff trusts`, {
      hint: "A package mirror that alters packages cannot be used; set npm_config_registry to another.",
    });
  }
  await Deno.rename(part, path);
}

function unreachable(id: string, error: unknown): unknown {
  if (!(error instanceof SkiffError) || !["network", "not_found", "unauthorized"].includes(error.code)) {
    return error;
  }
  return new SkiffError(error.code, `Cannot download the agent's package ${id}: ${error.message}`, {
    hint: "Check the network; npm_config_registry names another npm registry.",
    cause: error,
  });
}

/** "sha512-<base64>" of a file. */
async function integrityOf(path: string): Promise<string> {
  const hash = createHash("sha512");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1024 * 1024);
  for (let read; (read = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, read));
  return `sha512-${hash.digest("base64")}`;
}
