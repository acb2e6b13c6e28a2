/** Runs a short program in a container to its end, with its output in memory. */
import type { Docker } from "../docker/docker.ts";
import { createExec, inspectExec, startExec } from "../docker/execs.ts";
import { demultiplex } from "../docker/stdcopy.ts";
import type { ExecConfig } from "../docker/types/container.ts";

export interface Captured {
  code: number;
  stdout: string;
  stderr: string;
}

const mostCharacters = 1024 * 1024;

export async function runCaptured(docker: Docker, container: string, config: ExecConfig): Promise<Captured> {
  const id = await createExec(docker, container, { AttachStdout: true, AttachStderr: true, ...config });
  const stream = await startExec(docker, id);
  const output = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream: name, data } of demultiplex(stream.readable)) {
    if (output[name].length < mostCharacters) output[name] += decoders[name].decode(data, { stream: true });
  }
  const { ExitCode } = await inspectExec(docker, id);
  return { code: ExitCode ?? 0, ...output };
}
