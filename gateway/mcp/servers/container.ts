/** Servers in containers, over the container's stdin and stdout. */
import {
  attachContainer,
  openWait,
  removeContainer,
  startContainer,
} from "../../../core/docker/containers.ts";
import type { Docker, HijackedStream } from "../../../core/docker/docker.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { connectClient } from "./connect_client.ts";
import { containerBody, type ContainerSettings } from "./container_config.ts";
import { excerpt, LineTransport } from "./line_transport.ts";
import { logSplitter } from "./log_lines.ts";
import { newContainer } from "./new_container.ts";
import { once } from "./once.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { ContainerSpec } from "./server_spec.ts";
import { waitAtMost } from "./wait_at_most.ts";

/** For a server to end by itself once its stdin has ended; then it is killed. */
const graceMs = 1000;
/** For the Engine to have removed it. */
const removalMs = 10_000;

/** Starts a container of an image that the Engine has, and shakes hands with the server in it. */
export async function openContainer(
  docker: Docker,
  spec: ContainerSpec,
  settings: ContainerSettings,
  options: OpenServerOptions,
): Promise<ServerConnection> {
  const { signal, log } = options;
  const id = await newContainer(docker, containerBody(spec, settings), signal);
  const remove = () => removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
  try {
    const stream = await attachContainer(docker, id, { stdin: true, signal: undefined });
    const removed = (await openWait(docker, id, { condition: "removed" })).answer;
    await startContainer(docker, id, { signal });
    const ending = once(() => endContainer(stream, removed, remove));
    const transport = new LineTransport({
      readable: stdoutOf(stream, (line) => log(excerpt(line, 2000))),
      writable: stream.writable,
      close: ending,
      log,
    });
    const closed = Promise.withResolvers<string>();
    const client = await connectClient(transport, options);
    client.onclose = () =>
      void waitAtMost(graceMs, removed).then(async () => closed.resolve(reasonOf(await soon(removed))));
    if (!client.transport) client.onclose();
    return {
      server: spec.server,
      kind: "container",
      client,
      closed: closed.promise,
      async close() {
        await client.close();
        await ending();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function* stdoutOf(stream: HijackedStream, log: (line: string) => void): AsyncGenerator<Uint8Array> {
  const errors = logSplitter(log);
  for await (const { stream: name, data } of demultiplex(stream.readable)) {
    if (name === "stdout") yield data;
    else errors(data);
  }
}

/** First its stdin ends, which is how a server is told; what stays then is killed. The Engine removes it. */
async function endContainer(
  stream: HijackedStream,
  removed: Promise<unknown>,
  remove: () => Promise<unknown>,
): Promise<void> {
  let gone = false;
  const watched = removed.then(() => gone = true, () => {});
  await stream.closeWrite().catch(() => {});
  await waitAtMost(graceMs, watched);
  stream.close();
  if (gone) return;
  await remove();
  await waitAtMost(removalMs, watched); // the Engine may be removing it already
}

async function soon(removed: Promise<{ StatusCode: number }>): Promise<number | undefined> {
  return await Promise.race([removed.then(({ StatusCode }) => StatusCode, () => undefined), undefined]);
}

function reasonOf(code: number | undefined): string {
  if (code === undefined) return "its container's output ended";
  return code === 137
    ? "its container was killed (code 137; out of memory, perhaps)"
    : `its container ended with code ${code}`;
}
