/** Finds the server, starts it in the background when there is none, and ends it. */
import { type ErrorCode, SkiffError } from "../../core/errors/skiff_error.ts";
import { type Paths, skiffPaths } from "../../core/paths/paths.ts";
import { selfCommand } from "../../core/process/self.ts";
import { version as ownVersion } from "../../core/version.ts";
import { portSetting, type ServerFiles, serverFiles, type StartReport } from "../endpoint.ts";
import { ApiClient, type ServerVersion } from "./api_client.ts";
import { lines } from "./stream_lines.ts";
import { type Endpoint, notRunning } from "./transport.ts";

export interface ConnectOptions {
  /** Start a server when none answers; never where MODEL_RUNNER_HOST names one. */
  autostart: boolean;
  /** Called once when a server was started, with a line for the user. */
  onStart?: (message: string) => void;
  /** Called when something about the running server deserves a word, e.g. another version. */
  onNote?: (message: string) => void;
  /** A model that a server started here loads at once. */
  preload?: string;
  /** Program and arguments of a background server. Default: skiff itself, `serve --background`. */
  command?: (args: string[]) => { program: string; args: string[] };
  paths?: Paths;
  env?: { get(name: string): string | undefined };
  signal?: AbortSignal;
}

/** A client whose server answers. Throws "unavailable" when there is none and none may be started. */
export async function connect(options: ConnectOptions): Promise<ApiClient> {
  const env = options.env ?? Deno.env;
  const files = serverFiles(options.paths ?? skiffPaths(env));
  const endpoint = endpointOf(env, files);
  const client = new ApiClient(endpoint);
  const remote = Boolean(env.get("MODEL_RUNNER_HOST"));
  const running = !endpoint.socket || exists(endpoint.socket)
    ? await versionOf(client, options.signal)
    : undefined;
  if (running) {
    noteVersion(running, remote, options.onNote);
    return client;
  }
  if (remote || !options.autostart) {
    client.close();
    throw notRunning(endpoint);
  }
  const started = await startInBackground(options);
  if (started) {
    options.onStart?.(`Started the skiff server (pid ${started.pid}, log ${started.log})`);
    if (!endpoint.socket) return replaced(client, { url: started.addresses.url });
  }
  return client;
}

function replaced(client: ApiClient, endpoint: Endpoint): ApiClient {
  client.close();
  return new ApiClient(endpoint);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** MODEL_RUNNER_HOST, else the socket of this home, else (Windows) the port on loopback. */
function endpointOf(env: { get(name: string): string | undefined }, files: ServerFiles): Endpoint {
  const host = env.get("MODEL_RUNNER_HOST");
  if (host) return { url: baseUrl(host) };
  if (files.socket) return { url: "http://localhost", socket: files.socket };
  return { url: `http://127.0.0.1:${portSetting(env)}` };
}

function baseUrl(host: string): string {
  const text = /^https?:\/\//.test(host) ? host : `http://${host.replace(/^tcp:\/\//, "")}`;
  if (!URL.canParse(text)) {
    throw new SkiffError("usage", `MODEL_RUNNER_HOST is no address: "${host}"`, {
      hint: "Set it to something like http://localhost:12434, or unset it.",
    });
  }
  return text.replace(/\/+$/, "");
}

/** What answers; undefined when nobody listens. */
async function versionOf(client: ApiClient, signal?: AbortSignal): Promise<ServerVersion | undefined> {
  try {
    return await client.version({ signal });
  } catch (error) {
    if (error instanceof SkiffError && error.code === "unavailable") return undefined;
    throw error;
  }
}

function noteVersion(running: ServerVersion, remote: boolean, onNote?: (message: string) => void): void {
  if (remote || running.version === ownVersion) return;
  onNote?.(
    `The running server is skiff ${running.version}, this is ${ownVersion}; \`skiff stop\` lets the new one start.`,
  );
}

type Started = Extract<StartReport, { ready: true }>;

/**
 * Starts a server of its own session and waits for its report. Undefined when another process was first:
 * then that one's server is there. Throws what kept the server from starting.
 */
async function startInBackground(options: ConnectOptions): Promise<Started | undefined> {
  const args = ["serve", "--background", ...(options.preload ? ["--preload", options.preload] : [])];
  const { program, args: all } = (options.command ?? selfCommand)(args);
  const child = new Deno.Command(program, {
    args: all,
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const report = await firstReport(child.stdout);
  if (!report) {
    const { code } = await child.status;
    throw new SkiffError("unavailable", `The server ended before it was ready (exit code ${code})`, {
      hint: "Run `skiff serve` to see why.",
    });
  }
  child.unref(); // it outlives this process
  if (report.ready) return report;
  if (report.error.details?.running) return undefined;
  const { code, message, hint, details } = report.error;
  throw new SkiffError(code as ErrorCode, `Cannot start the server: ${message}`, { hint, details });
}

async function firstReport(stdout: ReadableStream<Uint8Array>): Promise<StartReport | undefined> {
  for await (const line of lines(stdout)) {
    if (line.startsWith('{"ready"')) return JSON.parse(line);
  }
  return undefined;
}

export interface StopOptions {
  paths?: Paths;
  env?: { get(name: string): string | undefined };
}

/** Ends this home's server and waits until it is gone. Gives its pid; undefined when none ran. */
export async function stopServer(options: StopOptions = {}): Promise<number | undefined> {
  const env = options.env ?? Deno.env;
  const files = serverFiles(options.paths ?? skiffPaths(env));
  const local = { get: (name: string) => name === "MODEL_RUNNER_HOST" ? undefined : env.get(name) };
  const client = new ApiClient(endpointOf(local, files));
  try {
    const running = await versionOf(client);
    if (running?.pid === undefined || running.server !== "skiff") return undefined;
    const { lifeEnded } = await import("../http/single_instance.ts");
    Deno.kill(running.pid, "SIGTERM");
    await lifeEnded(files);
    return running.pid;
  } finally {
    client.close();
  }
}
