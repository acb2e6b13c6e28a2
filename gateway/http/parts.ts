/** What the HTTP routes stand on; given to `createApp` and handed to every route group. */
import type { ModelHost } from "../../inference/runner/host.ts";
import type { ModelStore } from "../../inference/store/model_store.ts";
import type { RequestRecorder } from "./control/request_recorder.ts";
import type { ServerLog } from "./server_log.ts";

/** Who may call, and how much. */
export interface HttpSettings {
  /** Allowed browser origins beside loopback: exact, with wildcards ("https://*.example.com"), or "*". */
  origins: string[];
  /** Allowed values of the Host header beside loopback names, without port. */
  hosts: string[];
  /** Listens beyond loopback: the Host header may then be any address. */
  public: boolean;
  /** Largest request body in bytes. */
  maxBodyBytes: number;
  /** Serve GET /metrics. */
  metrics: boolean;
  /** Streams of the Responses and Messages dialects give a sign of life when they were silent so long. */
  keepAliveMs: number;
}

export const defaultHttpSettings: HttpSettings = {
  origins: [],
  hosts: [],
  public: false,
  maxBodyBytes: 128 * 1024 * 1024,
  metrics: true,
  keepAliveMs: 5000,
};

export interface AppParts {
  store: ModelStore;
  host: ModelHost;
  version: string;
  settings?: Partial<HttpSettings>;
  /** Absent: GET /logs answers 501. */
  log?: ServerLog;
  /** State of each engine for GET /engines/status, e.g. {"llama.cpp": "Running: 0.5.0, CPU (haswell)"}. */
  engines?: () => Promise<Record<string, string>>;
  /** Bytes of unpacked engine libraries for GET /engines/df. */
  engineBytes?: () => Promise<number>;
  /** Aborted when the server shuts down; ends streams that would never end by themselves. */
  closing?: AbortSignal;
}

/** `AppParts` with everything filled in. */
export interface RouteParts extends AppParts {
  settings: HttpSettings;
  recorder: RequestRecorder;
  closing: AbortSignal;
}

/** How a request came in; the second argument of `app.fetch`. */
export interface Connection {
  transport: "unix" | "tcp";
  /** Address of the client; absent for unix sockets. */
  remote?: string;
}

export type Env = { Bindings: Connection };

/** True for clients on this machine: a unix socket or a loopback address. */
export function isLocalClient(connection: Partial<Connection> | undefined): boolean {
  if (connection?.transport === "unix") return true;
  const remote = connection?.remote ?? "";
  return remote === "::1" || remote.startsWith("127.") || remote.startsWith("::ffff:127.");
}
