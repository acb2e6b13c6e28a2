/** Interceptors that are containers: one a call, the call on its stdin. */
import { attachContainer, openWait, startContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { withContainer } from "../servers/passing_container.ts";
import type { InterceptorRun, RunContainer } from "./interceptors.ts";
import { limitedText } from "./limited_text.ts";

/** Runs `image arguments…` to its end; its stdout. Throws with its stderr when it fails. It is removed in any case. */
export function containerRunner(open: () => Promise<Docker>): RunContainer {
  return async ([image, ...command], run) => {
    const docker = await open();
    try {
      if (!await inspectImage(docker, image, { signal: run.signal })) {
        for await (const _ of pullImage(docker, image, { signal: run.signal }));
      }
      return await runContainer(docker, { image, command }, run);
    } finally {
      docker.close();
    }
  };
}

function runContainer(
  docker: Docker,
  { image, command }: { image: string; command: string[] },
  run: InterceptorRun,
): Promise<string> {
  const body = {
    Image: image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { "docker-mcp": "true", "docker-mcp-tool-type": "interceptor" },
    HostConfig: {
      Init: true,
      SecurityOpt: ["no-new-privileges"],
      NanoCpus: 1e9,
      Memory: 2 * 2 ** 30,
    },
  };
  return withContainer(docker, body, run.signal, (id) => converse(docker, id, run));
}

async function converse(
  docker: Docker,
  id: string,
  { input, signal, most }: InterceptorRun,
): Promise<string> {
  const stream = await attachContainer(docker, id, { stdin: true });
  const ended = (await openWait(docker, id, { condition: "next-exit" })).answer;
  ended.catch(() => {}); // it is removed before it has ended
  await startContainer(docker, id, { signal });
  const writer = stream.writable.getWriter();
  // One that reads nothing may be gone before all is written.
  writer.write(new TextEncoder().encode(input)).then(() => stream.closeWrite()).catch(() => {});
  let reason = "";
  const decoder = new TextDecoder();
  async function* stdout() {
    for await (const { stream: name, data } of demultiplex(stream.readable)) {
      if (name === "stdout") yield data;
      else reason = (reason + decoder.decode(data, { stream: true })).slice(-500);
    }
  }
  try {
    const text = await limitedText(stdout(), most);
    signal.throwIfAborted();
    const { StatusCode: code } = await ended;
    if (code !== 0) throw new Error([`exit code ${code}`, reason.trim()].filter(Boolean).join(": "));
    return text;
  } finally {
    stream.close();
  }
}
