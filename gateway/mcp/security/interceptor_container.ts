/** Interceptors that are containers: one a call, the call on its stdin. */
import {
  attachContainer,
  createContainer,
  openWait,
  removeContainer,
  startContainer,
} from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import type { RunContainer } from "./interceptors.ts";

/** Runs `image arguments…` to its end; its stdout. Throws with its stderr when it fails. */
export function containerRunner(open: () => Promise<Docker>): RunContainer {
  return async ([image, ...command], input, signal) => {
    const docker = await open();
    if (!await inspectImage(docker, image, { signal })) {
      for await (const _ of pullImage(docker, image, { signal }));
    }
    const { Id: id } = await createContainer(docker, {
      Image: image,
      ...(command.length > 0 ? { Cmd: command } : {}),
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Labels: { "docker-mcp": "true", "docker-mcp-tool-type": "interceptor" },
      HostConfig: { Init: true, SecurityOpt: ["no-new-privileges"] },
    }, { signal });
    const remove = () => removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
    signal.addEventListener("abort", remove, { once: true });
    try {
      return await converse(docker, id, input, signal);
    } finally {
      signal.removeEventListener("abort", remove);
      await remove();
    }
  };
}

async function converse(docker: Docker, id: string, input: string, signal: AbortSignal): Promise<string> {
  const stream = await attachContainer(docker, id, { stdin: true });
  const ended = (await openWait(docker, id, { condition: "next-exit" })).answer;
  await startContainer(docker, id, { signal });
  const writer = stream.writable.getWriter();
  // One that reads nothing may be gone before all is written.
  const written = writer.write(new TextEncoder().encode(input)).then(() => stream.closeWrite()).catch(
    () => {},
  );
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream: name, data } of demultiplex(stream.readable)) output[name].push(data);
  await written;
  signal.throwIfAborted();
  const { StatusCode: code } = await ended;
  const text = (pieces: Uint8Array[]) => new Blob(pieces as Uint8Array<ArrayBuffer>[]).text();
  if (code !== 0) throw new Error(`exit code ${code}: ${(await text(output.stderr)).trim().slice(-500)}`);
  return await text(output.stdout);
}
