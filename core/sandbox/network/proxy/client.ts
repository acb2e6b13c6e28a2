/** How commands talk to the proxy: find it or start it, and give it orders over its control socket. */
import { EarlyEnd } from "../../../docker/transport/byte_reader.ts";
import { dial } from "../../../docker/transport/dial.ts";
import { HttpTransport } from "../../../docker/transport/http_transport.ts";
import { SkiffError } from "../../../errors/skiff_error.ts";
import type { Paths } from "../../../paths/paths.ts";
import { selfCommand } from "../../../process/self.ts";
import { privateFolder } from "../records.ts";
import { proxyFiles } from "../sandbox_files.ts";

/** What the proxy says of itself. */
export interface ProxyStatus {
  pid: number;
  version: string;
  /** Ids of the sandboxes whose sockets listen. */
  sandboxes: string[];
}

/** First line on the proxy's stdout. */
export type ProxyReport = { ready: true; pid: number } | { ready: false; message: string; running?: boolean };

export interface ProxyStart {
  /** Called with a line for the user when a proxy was started. */
  onStart?: (line: string) => void;
  /** Program and arguments of the proxy. Default: skiff itself, `sandbox-proxy`. */
  command?: (args: string[]) => { program: string; args: string[] };
}

/** The running proxy of this user, started when there is none. Throws "unavailable" when it does not start. */
export async function ensureProxy(paths: Paths, options: ProxyStart = {}): Promise<ProxyStatus> {
  const running = await proxyStatus(paths);
  if (running) return running;
  await privateFolder(proxyFiles(paths).folder);
  const { program, args } = (options.command ?? selfCommand)(["sandbox-proxy"]);
  const child = new Deno.Command(program, {
    args,
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const report = await firstLine(child.stdout);
  child.unref(); // it outlives this process
  if (report && !report.ready && !report.running) throw doesNotStart(report.message);
  const started = await proxyStatus(paths);
  if (!started) throw doesNotStart(report ? "it ended at once" : "it ended before it was ready");
  if (report?.ready) options.onStart?.(`Started the sandbox proxy (pid ${report.pid})`);
  return started;
}

/** What the running proxy says; undefined when none answers. */
export async function proxyStatus(paths: Paths): Promise<ProxyStatus | undefined> {
  const response = await order(paths, "GET", "/status");
  return response && JSON.parse(response.text);
}

/**
 * Has the sandbox's sockets listen, or its record read anew; the proxy keeps the secrets in its memory. A proxy
 * is started when there is none, and again when it has just come to its end.
 */
export async function serveSandbox(
  paths: Paths,
  sandbox: string,
  secrets: Record<string, string>,
  options: ProxyStart = {},
): Promise<void> {
  const ask = () => order(paths, "PUT", `/sandboxes/${sandbox}`, { secrets });
  let response = await ask();
  for (let tries = 0; !response && tries < 3; tries++) {
    await ensureProxy(paths, options);
    response = await ask();
  }
  if (!response) throw doesNotStart("it ended again");
  if (response.status !== 200) throw new SkiffError("unavailable", `The sandbox proxy: ${response.text}`);
}

/** Closes the sandbox's sockets, if a proxy runs. */
export async function removeFromProxy(paths: Paths, sandbox: string): Promise<void> {
  await order(paths, "DELETE", `/sandboxes/${sandbox}`);
}

/** Has a running proxy cut the tunnels that the sandbox's policy does not let through any more. */
export async function applyPolicy(paths: Paths, sandbox: string): Promise<void> {
  await order(paths, "POST", `/sandboxes/${sandbox}/policy`);
}

/** Ends the proxy, if one runs; sandboxes lose their way out until the next `sandbox run`. */
export async function stopProxy(paths: Paths): Promise<void> {
  await order(paths, "POST", "/stop");
}

/** Over the Engine client's transport, which every command has loaded anyway: `fetch` costs 10 ms to set up. */
async function order(
  paths: Paths,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string } | undefined> {
  const { control } = proxyFiles(paths);
  let connected = false;
  const transport = new HttpTransport({
    dial: async (signal) => {
      const connection = await dial({ kind: "unix", path: control }, signal);
      connected = true;
      return connection;
    },
  });
  try {
    const { status, bytes } = await transport.whole({
      method,
      target: path,
      host: "proxy",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
    });
    return { status, text: new TextDecoder().decode(bytes) };
  } catch (error) {
    if (!connected || isConnectionEnd(error)) return undefined;
    throw error;
  } finally {
    transport.close();
  }
}

/** A proxy that ends closes its connections. */
function isConnectionEnd(error: unknown): boolean {
  return error instanceof EarlyEnd || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}

async function firstLine(stdout: ReadableStream<Uint8Array>): Promise<ProxyReport | undefined> {
  const reader = stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  } finally {
    await reader.cancel();
  }
  return JSON.parse(text.split("\n", 1)[0]);
}

function doesNotStart(reason: string): SkiffError {
  return new SkiffError("unavailable", `The sandbox proxy does not start: ${reason}`, {
    hint: "Run `skiff sandbox-proxy` to see why; without it sandboxes have no way out.",
  });
}
