/** Tests of the Engine client against both Engines, Debian's old one and the newest. */
import {
  type Abortable,
  createContainer,
  type CreateContainerOptions,
  openWait,
  removeContainer,
  startContainer,
} from "../../core/docker/containers.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { createExec, inspectExec, startExec } from "../../core/docker/execs.ts";
import { demultiplex } from "../../core/docker/stdcopy.ts";
import { busyboxImage, newestDocker, type TestDocker, testDocker } from "./docker.ts";
import { realTest } from "./parts.ts";

export interface Engine {
  docker: Docker;
  host: string;
  env: TestDocker["env"];
  /** A small image with a shell. */
  image: string;
  /** A name that nobody else uses. */
  unique(): string;
}

const engines: { name: string; start: () => Promise<TestDocker> }[] = [
  { name: "Debian's Engine", start: testDocker },
  { name: "the newest Engine", start: newestDocker },
];

/** Declares the test once for each Engine. */
export function engineTest(name: string, fn: (engine: Engine) => Promise<void>): void {
  for (const engine of engines) {
    realTest(`${name} (${engine.name})`, () => provision(engine.start), async (part) => {
      using docker = part.docker;
      await fn({ ...part, docker, unique: () => `skiff-test-${crypto.randomUUID().slice(0, 8)}` });
    });
  }
}

async function provision(start: () => Promise<TestDocker>) {
  const { host, env, open } = await start();
  const docker = await open();
  return { docker, host, env, image: await busyboxImage(docker) };
}

export interface TestContainer extends AsyncDisposable {
  id: string;
}

/** A container without network that is removed afterwards, started unless `start` is false. */
export async function testContainer(
  { docker, image }: Engine,
  { start = true, ...options }: CreateContainerOptions & { start?: boolean } = {},
): Promise<TestContainer> {
  const { HostConfig, ...body } = options;
  const { Id: id } = await createContainer(docker, {
    Image: image,
    Cmd: ["sleep", "3600"],
    ...body,
    HostConfig: { NetworkMode: "none", Init: true, ...HostConfig },
  });
  const container = {
    id,
    [Symbol.asyncDispose]: () => removeContainer(docker, id, { force: true, volumes: true }).catch(() => {}),
  };
  try {
    if (start) await startContainer(docker, id);
    return container;
  } catch (error) {
    await container[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a container to its end; its exit code. */
export async function runToEnd({ docker }: Engine, id: string, options: Abortable = {}): Promise<number> {
  const { answer } = await openWait(docker, id, { condition: "next-exit", ...options });
  await startContainer(docker, id);
  return (await answer).StatusCode;
}

/** Runs a command in a container; what it wrote and its exit code. */
export async function execute(
  { docker }: { docker: Docker },
  id: string,
  Cmd: string[],
): Promise<{ stdout: string; stderr: string; code: number }> {
  const exec = await createExec(docker, id, { Cmd, AttachStdout: true, AttachStderr: true });
  const { readable } = await startExec(docker, exec);
  const text = { stdout: "", stderr: "" };
  for await (const { stream, data } of demultiplex(readable)) text[stream] += new TextDecoder().decode(data);
  return { ...text, code: (await inspectExec(docker, exec)).ExitCode ?? -1 };
}

/** Bytes that tell where they are. */
export function patterned(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31) ^ (i >> 8) ^ (i >> 16);
  return bytes;
}
