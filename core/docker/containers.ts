/** Containers: their life, what they are, what they use. `id` is an id, a prefix of one, or a name. */
import type { Docker, HijackedStream } from "./docker.ts";
import { imageId } from "./image_reference.ts";
import { jsonMessages } from "./json_messages.ts";
import type {
  ContainerChange,
  ContainerInspect,
  ContainerSummary,
  ContainerTop,
  CreateContainerAnswer,
  CreateContainerBody,
  WaitAnswer,
} from "./types/container.ts";
import type { Resources, RestartPolicy } from "./types/host_config.ts";
import type { ContainerStats } from "./types/stats.ts";
import type { Filters, PruneAnswer } from "./types/system.ts";

export interface Abortable {
  signal?: AbortSignal;
}

export interface CreateContainerOptions extends CreateContainerBody {
  name?: string;
  /** "linux/arm64" */
  platform?: string;
}

/** Throws "not_found" (no such image), "conflict" (the name is taken), "invalid_input". */
export async function createContainer(
  docker: Docker,
  { name, platform, ...body }: CreateContainerOptions,
  { signal }: Abortable = {},
): Promise<CreateContainerAnswer> {
  return await docker.json("POST", "/containers/create", { query: { name, platform }, body, signal });
}

/** False when it ran already. */
export async function startContainer(
  docker: Docker,
  id: string,
  { detachKeys, signal }: { detachKeys?: string } & Abortable = {},
): Promise<boolean> {
  return await docker.call("POST", `${path(id)}/start`, { query: { detachKeys }, signal, long: true }) !==
    304;
}

/** `timeout`: seconds until it is killed, -1 for never. `signalName` from API 1.42. False when it had stopped. */
export async function stopContainer(
  docker: Docker,
  id: string,
  { timeout, signalName, signal }: { timeout?: number; signalName?: string } & Abortable = {},
): Promise<boolean> {
  const query = { t: timeout, signal: docker.supports("1.42") ? signalName : undefined };
  return await docker.call("POST", `${path(id)}/stop`, { query, signal, long: true }) !== 304;
}

/** `timeout` and `signalName` as for `stopContainer`. */
export async function restartContainer(
  docker: Docker,
  id: string,
  { timeout, signalName, signal }: { timeout?: number; signalName?: string } & Abortable = {},
): Promise<void> {
  const query = { t: timeout, signal: docker.supports("1.42") ? signalName : undefined };
  await docker.call("POST", `${path(id)}/restart`, { query, signal, long: true });
}

/** Sends a signal, "SIGKILL" unless named. Throws "conflict" when it does not run. */
export async function killContainer(
  docker: Docker,
  id: string,
  { signalName, signal }: { signalName?: string } & Abortable = {},
): Promise<void> {
  await docker.call("POST", `${path(id)}/kill`, { query: { signal: signalName }, signal });
}

export async function pauseContainer(docker: Docker, id: string, { signal }: Abortable = {}): Promise<void> {
  await docker.call("POST", `${path(id)}/pause`, { signal });
}

export async function unpauseContainer(
  docker: Docker,
  id: string,
  { signal }: Abortable = {},
): Promise<void> {
  await docker.call("POST", `${path(id)}/unpause`, { signal });
}

/** `volumes`: its anonymous volumes too. Throws "not_found", "conflict" (it runs; `force` kills it). */
export async function removeContainer(
  docker: Docker,
  id: string,
  { force, volumes, signal }: { force?: boolean; volumes?: boolean } & Abortable = {},
): Promise<void> {
  await docker.call("DELETE", path(id), { query: { force, v: volumes }, signal, long: true });
}

/** `size`: also the bytes of its files, which the Engine has to count. Throws "not_found". */
export async function inspectContainer(
  docker: Docker,
  id: string,
  { size, signal }: { size?: boolean } & Abortable = {},
): Promise<ContainerInspect> {
  return await docker.json("GET", `${path(id)}/json`, { query: { size }, signal });
}

export interface ListContainersOptions extends Abortable {
  /** Those that do not run, too. */
  all?: boolean;
  limit?: number;
  size?: boolean;
  filters?: Filters;
}

/** The newest first. */
export async function listContainers(
  docker: Docker,
  { signal, ...query }: ListContainersOptions = {},
): Promise<ContainerSummary[]> {
  return await docker.json("GET", "/containers/json", { query, signal });
}

/**
 * The exit code, as soon as the condition holds. To lose no fast exit, call it before the start with
 * "next-exit" and await its `started`.
 */
export async function waitContainer(
  docker: Docker,
  id: string,
  options: { condition?: "not-running" | "next-exit" | "removed" } & Abortable = {},
): Promise<WaitAnswer> {
  return await (await openWait(docker, id, options)).answer;
}

/** Resolves once the Engine watches; `answer` then cannot miss the exit. */
export async function openWait(
  docker: Docker,
  id: string,
  { condition, signal }: { condition?: "not-running" | "next-exit" | "removed" } & Abortable = {},
): Promise<{ answer: Promise<WaitAnswer> }> {
  const response = await docker.request("POST", `${path(id)}/wait`, {
    query: { condition },
    signal,
    long: true,
  });
  const answer = response.json().catch((error) => Promise.reject(docker.streamError(error, signal)));
  answer.catch(() => {}); // whoever awaits it is told
  return { answer };
}

export interface AttachOptions extends Abortable {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** What it has written so far, first. */
  logs?: boolean;
  /** Default true. */
  stream?: boolean;
  detachKeys?: string;
}

/** The container's own streams; attach before the start to lose nothing. Frames: see `demultiplex`. */
export async function attachContainer(
  docker: Docker,
  id: string,
  { signal, stdin, stdout = true, stderr = true, stream = true, ...query }: AttachOptions = {},
): Promise<HijackedStream> {
  return await docker.hijack("POST", `${path(id)}/attach`, {
    query: { stream, stdin, stdout, stderr, ...query },
    signal,
  });
}

/** Height and width in characters. */
export interface TerminalSize {
  height: number;
  width: number;
}

export async function resizeContainer(
  docker: Docker,
  id: string,
  { height, width, signal }: TerminalSize & Abortable,
): Promise<void> {
  await docker.call("POST", `${path(id)}/resize`, { query: { h: height, w: width }, signal });
}

/** Throws "conflict" when the name is taken. */
export async function renameContainer(
  docker: Docker,
  id: string,
  { name, signal }: { name: string } & Abortable,
): Promise<void> {
  await docker.call("POST", `${path(id)}/rename`, { query: { name }, signal });
}

/** Changes limits of a container, also while it runs. */
export async function updateContainer(
  docker: Docker,
  id: string,
  { signal, ...body }: Resources & { RestartPolicy?: RestartPolicy } & Abortable,
): Promise<{ Warnings: string[] | null }> {
  return await docker.json("POST", `${path(id)}/update`, { body, signal });
}

/** What it uses, once a second until the caller stops; with `stream: false` once. */
export async function* containerStats(
  docker: Docker,
  id: string,
  { stream = true, signal }: { stream?: boolean } & Abortable = {},
): AsyncGenerator<ContainerStats> {
  const response = await docker.request("GET", `${path(id)}/stats`, {
    query: { stream },
    signal,
    long: true,
  });
  try {
    yield* jsonMessages<ContainerStats>(response.body!);
  } catch (error) {
    throw docker.streamError(error, signal);
  }
}

/** Its processes, as `ps` (with `args`, default "-ef") shows them on the Engine's machine. */
export async function containerTop(
  docker: Docker,
  id: string,
  { args, signal }: { args?: string } & Abortable = {},
): Promise<ContainerTop> {
  return await docker.json("GET", `${path(id)}/top`, { query: { ps_args: args }, signal });
}

/** The files that differ from the image's. */
export async function containerChanges(
  docker: Docker,
  id: string,
  { signal }: Abortable = {},
): Promise<ContainerChange[]> {
  return await docker.json<ContainerChange[] | null>("GET", `${path(id)}/changes`, { signal }) ?? [];
}

export interface CommitOptions extends Abortable {
  repo?: string;
  tag?: string;
  comment?: string;
  author?: string;
  /** Default true: it stands still meanwhile. */
  pause?: boolean;
  /** Dockerfile instructions, e.g. `ENV A=b`. */
  changes?: string[];
}

/** Makes an image of the container's files; volumes and binds are not in it. Gives the image's id. */
export async function commitContainer(
  docker: Docker,
  id: string,
  { signal, ...query }: CommitOptions = {},
): Promise<string> {
  const answer = await docker.json<{ Id: string }>("POST", "/commit", {
    query: { container: id, ...query },
    body: {},
    signal,
    long: true,
  });
  return imageId(answer.Id);
}

/** Removes the containers that do not run. */
export async function pruneContainers(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<PruneAnswer> {
  return await docker.json("POST", "/containers/prune", { query: { filters }, signal, long: true });
}

/** All of its files as a tar stream; cancel it to stop. */
export async function exportContainer(
  docker: Docker,
  id: string,
  { signal }: Abortable = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return (await docker.request("GET", `${path(id)}/export`, { signal, long: true })).body!;
}

function path(id: string): string {
  return `/containers/${encodeURIComponent(id)}`;
}
