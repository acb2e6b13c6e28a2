/** Images in and out of the Engine: registries, tar files, file systems. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import { messageError } from "./engine_error.ts";
import { imageId, parseImageReference } from "./image_reference.ts";
import { imagePath } from "./images.ts";
import { jsonMessages } from "./json_messages.ts";
import { registryAuth, type RegistryLogin } from "./registry_auth.ts";
import type { ProgressMessage } from "./types/image.ts";

export interface TransferOptions extends Abortable {
  /** Default: what Docker's config.json and its helpers have for the registry. */
  auth?: RegistryLogin;
  env?: { get(name: string): string | undefined };
}

/**
 * Lets the Engine pull; the messages as they come. Complete when the iteration ends; stopping early stops the
 * pull. Throws "not_found", "unauthorized", "network" as the Engine reports it.
 */
export async function* pullImage(
  docker: Docker,
  reference: string,
  { auth, env, platform, signal }: TransferOptions & { platform?: string } = {},
): AsyncGenerator<ProgressMessage> {
  const { registry, name, tag, digest } = parseImageReference(reference);
  const headers = { "X-Registry-Auth": await registryAuth(registry, auth, env) };
  const query = { fromImage: name, tag: digest ?? tag ?? "latest", platform };
  yield* progress(docker, "/images/create", { query, headers, signal });
}

/** Lets the Engine push the tag (default "latest"). A message near the end has the digest in its `aux`. */
export async function* pushImage(
  docker: Docker,
  reference: string,
  { auth, env, platform, signal }: TransferOptions & { platform?: Record<string, string> } = {},
): AsyncGenerator<ProgressMessage> {
  const { registry, name, tag = "latest" } = parseImageReference(reference);
  const headers = { "X-Registry-Auth": await registryAuth(registry, auth, env) };
  const query = { tag, platform: docker.supports("1.46") ? platform : undefined };
  for await (const message of progress(docker, `${imagePath(name)}/push`, { query, headers, signal })) {
    yield withDigest(message);
  }
}

/** Engines with containerd's image store tell the digest in words only. */
function withDigest(message: ProgressMessage): ProgressMessage {
  const match = /^(.+): digest: (\w+:[0-9a-f]+) size: (\d+)$/.exec(message.status ?? "");
  if (!match || message.aux) return message;
  return { ...message, aux: { Tag: match[1], Digest: match[2], Size: Number(match[3]) } };
}

/** A tar of images with their names and layers, for `loadImages` and `docker load`. */
export async function saveImages(
  docker: Docker,
  references: string[],
  { signal }: Abortable = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return (await docker.request("GET", "/images/get", { query: { names: references }, signal, long: true }))
    .body!;
}

/** Takes in what `saveImages` gave. Messages name what was loaded. */
export async function* loadImages(
  docker: Docker,
  archive: Uint8Array | AsyncIterable<Uint8Array>,
  { signal }: Abortable = {},
): AsyncGenerator<ProgressMessage> {
  yield* progress(docker, "/images/load", { headers: tarHeaders, body: archive, signal });
}

export interface ImportOptions extends Abortable {
  /** The image's name. */
  repo?: string;
  tag?: string;
  message?: string;
  /** Dockerfile instructions: `ENV PATH=…`, `CMD ["sh"]`. */
  changes?: string[];
  platform?: string;
}

/** Makes an image of one layer from the tar of a file system. Gives its id. */
export async function importImage(
  docker: Docker,
  archive: Uint8Array | AsyncIterable<Uint8Array>,
  { signal, repo, tag, ...rest }: ImportOptions = {},
): Promise<string> {
  let id = "";
  // Podman does not look at a parameter `tag`; all take it within `repo`.
  const query = { fromSrc: "-", repo: repo && tag ? `${repo}:${tag}` : repo, ...rest };
  const options = { query, headers: tarHeaders, body: archive, signal };
  for await (const { status } of progress(docker, "/images/create", options)) id = status ?? id;
  return imageId(id);
}

const tarHeaders = { "Content-Type": "application/x-tar" };

/** The messages of a long request; one that reports a failure is thrown. */
export async function* progress<T extends ProgressMessage>(
  docker: Docker,
  path: string,
  options: Parameters<Docker["request"]>[2],
): AsyncGenerator<T> {
  const response = await docker.request("POST", path, { ...options, long: true });
  if (!response.body) return;
  try {
    for await (const message of jsonMessages<T>(response.body)) {
      const failure = message.errorDetail?.message ?? message.error;
      if (failure !== undefined) {
        const exitCode = message.errorDetail?.code ||
          Number(/exit status (\d+)$/.exec(failure.trim())?.[1] ?? 0);
        throw messageError(failure, exitCode ? { exitCode } : {});
      }
      yield message;
    }
  } catch (error) {
    throw docker.streamError(error, options?.signal);
  }
}
