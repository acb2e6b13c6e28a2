/** HTTP to the server: over its unix socket, or to the address of MODEL_RUNNER_HOST. */
import { type ErrorCode, SkiffError } from "../../core/errors/skiff_error.ts";
import { version } from "../../core/version.ts";

/** Where a server is. */
export interface Endpoint {
  /** Base URL without a slash at its end; over a socket its host is only a name. */
  url: string;
  socket?: string;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  query?: Record<string, string | boolean | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export class Transport {
  readonly endpoint: Endpoint;
  #client?: Deno.HttpClient;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    const { socket } = endpoint;
    if (socket) this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  }

  /**
   * A successful answer. Throws "unavailable" when nobody listens, "interrupted" when the signal aborts, and
   * the server's own error otherwise.
   */
  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    const { method = "GET", body, query = {}, headers = {}, signal } = options;
    const url = new URL(`${this.endpoint.url}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const init: RequestInit & { client?: Deno.HttpClient } = {
      method,
      signal,
      client: this.#client,
      headers: {
        "user-agent": `skiff-cli/${version}`,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      if (signal?.aborted) throw new SkiffError("interrupted", "Interrupted", { cause: error });
      throw notRunning(this.endpoint, error);
    }
    if (!response.ok) throw await serverError(response);
    return response;
  }

  async json<T>(path: string, options?: RequestOptions): Promise<T> {
    const response = await this.request(path, options);
    return await readOrBroken(response.json());
  }

  async text(path: string, options?: RequestOptions): Promise<string> {
    return await readOrBroken((await this.request(path, options)).text());
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

/** The error of a server that does not answer. */
export function notRunning(endpoint: Endpoint, cause?: unknown): SkiffError {
  return new SkiffError(
    "unavailable",
    "skiff's model server is not running. Please start it and try again.",
    {
      hint: endpoint.socket
        ? "Start it with `skiff serve`; `skiff model logs` may tell why it ended."
        : `Nothing answers at ${endpoint.url}: check MODEL_RUNNER_HOST.`,
      cause,
    },
  );
}

async function readOrBroken<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw brokenOff(error);
  }
}

/** The server ended in the middle of an answer. */
export function brokenOff(cause: unknown): SkiffError {
  return new SkiffError("unavailable", "The server broke off in the middle of its answer", {
    hint: "Try again; `skiff model logs` may tell what happened.",
    cause,
  });
}

const codesByStatus: Record<number, ErrorCode> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "invalid_input",
  422: "unsupported",
  429: "overloaded",
  503: "unavailable",
  507: "out_of_memory",
};

/** The error that a failed answer carries, as it was thrown in the server. */
async function serverError(response: Response): Promise<SkiffError> {
  const text = await response.text().catch(() => "");
  const header = response.headers.get("skiff-error");
  const code = (header as ErrorCode | null) ?? codesByStatus[response.status] ??
    (response.status < 500 ? "invalid_input" : "internal");
  const hint = response.headers.get("skiff-hint");
  if (hint !== null || header !== null) {
    return new SkiffError(code, text.trim(), { hint: hint ? decodeURIComponent(hint) : undefined });
  }
  return openAIError(text, code) ??
    new SkiffError(code, text.trim() || `The server answered ${response.status}`);
}

/** The error in an OpenAI error body; undefined when the text is none. */
export function openAIError(text: string, code: ErrorCode = "internal"): SkiffError | undefined {
  try {
    const { error } = JSON.parse(text);
    if (typeof error?.message !== "string") return undefined;
    const { message, hint, ...details } = error;
    const known: Record<string, ErrorCode> = { context_length_exceeded: "context_overflow" };
    return new SkiffError(known[details.code] ?? code, message, { hint, details });
  } catch {
    return undefined;
  }
}
