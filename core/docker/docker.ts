/** A connection to one Docker Engine. What can be asked of it is in one file a resource beside this one. */
import { interrupted } from "../errors/skiff_error.ts";
import { compareApi, negotiateApi } from "./api_version.ts";
import { readConfigFile } from "./context_store.ts";
import { type DockerEndpoint, findEndpoints } from "./endpoint.ts";
import { answerError, noEngineError, requestError } from "./engine_error.ts";
import { dial } from "./transport/dial.ts";
import type { HijackedStream } from "./transport/hijacked_stream.ts";
import { HttpTransport, type WholeAnswer } from "./transport/http_transport.ts";

export type { DockerEndpoint } from "./endpoint.ts";
export type { HijackedStream } from "./transport/hijacked_stream.ts";

export interface OpenDockerOptions {
  env?: { get(name: string): string | undefined };
  /** An address, as `docker --host` takes it. */
  host?: string;
  /** A context's name, as `docker --context` takes it. */
  context?: string;
  signal?: AbortSignal;
}

export type QueryValue = string | number | boolean | undefined | string[] | Record<string, unknown>;

export interface RequestOptions {
  /** Undefined values are left out, true is `1` and false `0`, lists repeat the name, objects are JSON. */
  query?: Record<string, QueryValue>;
  headers?: Record<string, string>;
  /** Bytes and streams go as they are, anything else as JSON. */
  body?: unknown;
  signal?: AbortSignal;
  /** Statuses of failure that the caller wants to see as answers. */
  allow?: number[];
  /** The answer may take long (streams, waiting), so it must not hold up short requests. */
  long?: boolean;
}

/** What an Engine says of itself when it is asked first. */
export interface Greeting {
  apiVersion: string;
  engineVersion: string;
  /** Podman speaks Docker's API, with differences. */
  isPodman?: boolean;
  /** "linux" or "windows": what containers run. */
  os: string;
  /** "2" where the Engine recommends BuildKit. */
  builderVersion?: string;
}

export interface DockerOptions extends Greeting {
  endpoint: DockerEndpoint;
  transport: HttpTransport;
  headers?: Record<string, string>;
}

/** An Engine that was spoken to before. */
export interface KnownEngine extends Greeting {
  url: string;
}

/**
 * Finds the Engine, pings it and agrees on the API's version. Close it when it is not needed any more.
 * Throws "unavailable" (none there), "forbidden" (no permission), "unsupported" (too old), "network" (TLS),
 * "usage" (a wrong DOCKER_HOST or DOCKER_API_VERSION), "not_found" (no such context).
 */
export async function openDocker(options: OpenDockerOptions = {}): Promise<Docker> {
  const { env = Deno.env, host, context, signal } = options;
  const endpoints = await findEndpoints({ env, host, context });
  const { HttpHeaders: headers } = readConfigFile(env);
  const pinned = env.get("DOCKER_API_VERSION") || undefined;
  const tried: { endpoint: DockerEndpoint; error: unknown }[] = [];
  for (const endpoint of endpoints) {
    const transport = transportTo(endpoint);
    try {
      return new Docker({
        endpoint,
        transport,
        headers,
        ...await greet(endpoint, transport, pinned, signal),
      });
    } catch (error) {
      transport.close();
      if (signal?.aborted) throw interrupted(error);
      if (endpoints.length === 1 || !isDialFailure(error)) throw requestError(endpoint, error);
      tried.push({ endpoint, error });
    }
  }
  throw noEngineError(tried);
}

/**
 * The Engine that `openDocker` would find, taken at its word of an earlier time: nothing is asked. Undefined where
 * another one may be meant. What matters must wait until `openDocker` has given the same (`sameEngine`).
 */
export async function assumeDocker(
  { url, ...greeting }: KnownEngine,
  { env = Deno.env }: { env?: OpenDockerOptions["env"] } = {},
): Promise<Docker | undefined> {
  if (env.get("DOCKER_API_VERSION")) return undefined;
  const [endpoint] = await findEndpoints({ env });
  if (endpoint.url !== url) return undefined;
  const { HttpHeaders: headers } = readConfigFile(env);
  return new Docker({ endpoint, transport: transportTo(endpoint), headers, ...greeting });
}

export function knownEngine(docker: Docker): KnownEngine {
  const { endpoint, apiVersion, engineVersion, os, builderVersion } = docker;
  return { url: endpoint.url, apiVersion, engineVersion, os, builderVersion };
}

/** Whether both speak to one Engine in one way. */
export function sameEngine(one: Docker, other: Docker): boolean {
  return JSON.stringify(knownEngine(one)) === JSON.stringify(knownEngine(other));
}

function transportTo({ address }: DockerEndpoint): HttpTransport {
  const most = address.kind === "ssh" ? 4 : undefined; // sshd drops bursts of connections
  return new HttpTransport({ dial: (signal) => dial(address, signal), most });
}

function isDialFailure(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.ConnectionRefused;
}

async function greet(
  endpoint: DockerEndpoint,
  transport: HttpTransport,
  pinned: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Greeting> {
  const target = `${basePath(endpoint)}/_ping`;
  const request = { method: "GET", target, host: hostHeader(endpoint), headers: {} };
  const { status, headers, bytes } = await transport.whole(request, { signal });
  if (!isSuccess(status)) throw answerError(status, textOf(bytes), { method: "GET", path: "/_ping" });
  // "Docker/20.10.24+dfsg1 (linux)", "Libpod/4.3.1 (linux)"
  const server = /^(\w+)\/(\S+)/.exec(headers.get("server") ?? "");
  const engineVersion = server?.[2] ?? "of unknown version";
  return {
    apiVersion: negotiateApi({ engineApi: headers.get("api-version"), pinned, engineVersion }),
    engineVersion,
    isPodman: server?.[1] === "Libpod",
    os: headers.get("ostype")?.toLowerCase() ?? "linux",
    builderVersion: headers.get("builder-version"),
  };
}

export class Docker {
  readonly endpoint: DockerEndpoint;
  /** The version that is spoken, e.g. "1.41". */
  readonly apiVersion: string;
  readonly engineVersion: string;
  readonly isPodman: boolean;
  readonly os: string;
  readonly builderVersion?: string;
  readonly #transport: HttpTransport;
  readonly #headers: Record<string, string>;

  constructor(options: DockerOptions) {
    this.endpoint = options.endpoint;
    this.apiVersion = options.apiVersion;
    this.engineVersion = options.engineVersion;
    this.isPodman = options.isPodman ?? false;
    this.os = options.os;
    this.builderVersion = options.builderVersion;
    this.#transport = options.transport;
    this.#headers = { "User-Agent": "skiff", ...options.headers };
  }

  /** Whether the spoken version is `api` ("1.44") or newer. */
  supports(api: string): boolean {
    return compareApi(this.apiVersion, api) >= 0;
  }

  /** Connections that exist now. */
  get connections(): number {
    return this.#transport.connections;
  }

  /**
   * The answer of `path` ("/containers/json"); read its body or cancel it. Throws the Engine's error unless
   * the status is a success, 304 (it was so already) or allowed.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { signal, long, allow = [] } = options;
    const response = await this.#transport.send(this.#request(method, path, options), { signal, long })
      .catch((error) => Promise.reject(this.#error(error)));
    if (isSuccess(response.status) || allow.includes(response.status)) return response;
    throw await this.#answerError(response, method, path);
  }

  /** The answer's JSON. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const { bytes } = await this.#whole(method, path, options);
    try {
      return JSON.parse(textOf(bytes));
    } catch (error) {
      throw this.#error(error);
    }
  }

  /** For what has no answer but success. Gives the status. */
  async call(method: string, path: string, options: RequestOptions = {}): Promise<number> {
    return (await this.#whole(method, path, options)).status;
  }

  /** The raw stream that `path` turns into. Throws the Engine's error when it refuses. */
  async hijack(method: string, path: string, options: RequestOptions = {}): Promise<HijackedStream> {
    const { upgrade = "tcp", ...headers } = options.headers ?? {};
    const request = this.#request(method, path, {
      ...options,
      headers: { ...headers, Connection: "Upgrade", Upgrade: upgrade },
    });
    const outcome = await this.#transport.hijack(request, { signal: options.signal })
      .catch((error) => Promise.reject(this.#error(error)));
    if (!("response" in outcome)) return outcome;
    throw await this.#answerError(outcome.response, method, path);
  }

  /** Closes every connection; streams under way fail. */
  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The error of a stream that broke off while it was read. */
  streamError(error: unknown, signal?: AbortSignal): unknown {
    return signal?.aborted ? interrupted(error) : this.#error(error);
  }

  #request(method: string, path: string, { query, headers, body }: RequestOptions) {
    const isRaw = body instanceof Uint8Array || isStream(body);
    const json = body !== undefined && !isRaw;
    return {
      method,
      target: `${basePath(this.endpoint)}/v${this.apiVersion}${path}${queryText(query)}`,
      host: hostHeader(this.endpoint),
      headers: { ...this.#headers, ...(json ? { "Content-Type": "application/json" } : {}), ...headers },
      body: json ? new TextEncoder().encode(JSON.stringify(body)) : body as Uint8Array | undefined,
    };
  }

  async #whole(method: string, path: string, options: RequestOptions): Promise<WholeAnswer> {
    const { signal, long, allow = [] } = options;
    const answer = await this.#transport.whole(this.#request(method, path, options), { signal, long })
      .catch((error) => Promise.reject(this.#error(error)));
    const { status, bytes } = answer;
    if (isSuccess(status) || allow.includes(status)) return answer;
    throw answerError(status, textOf(bytes), { method, path });
  }

  #error(error: unknown): unknown {
    return requestError(this.endpoint, error);
  }

  async #answerError(response: Response, method: string, path: string): Promise<unknown> {
    const text = await response.text().catch(() => "");
    if (response.ok) {
      return answerError(response.status, `it sent no stream for ${method} ${path}`, { method, path });
    }
    return answerError(response.status, text, { method, path });
  }
}

/** 304: it was so already. */
function isSuccess(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304;
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function isStream(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function basePath({ address }: DockerEndpoint): string {
  return address.kind === "tcp" ? address.basePath ?? "" : "";
}

/** The Engine wants a valid name, whatever it is, where the connection has none of its own. */
function hostHeader({ address }: DockerEndpoint): string {
  if (address.kind !== "tcp") return "docker";
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function queryText(query: Record<string, QueryValue> = {}): string {
  const parts: string[] = [];
  const add = (name: string, value: string) => parts.push(`${name}=${encodeURIComponent(value)}`);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) { for (const item of value) add(name, item); }
    else if (typeof value === "object") add(name, JSON.stringify(value));
    else add(name, typeof value === "boolean" ? (value ? "1" : "0") : String(value));
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
