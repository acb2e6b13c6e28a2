/**
 * HTTP requests to the outside: fails fast when a host cannot be reached, tries again where that helps,
 * never carries a credential to another host, and speaks in SkiffErrors.
 */
import { interrupted, SkiffError } from "../errors/skiff_error.ts";
import { failureReason, fetchTrusting } from "./trusting_fetch.ts";

export interface RequestOptions {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
  /** Milliseconds until the head of the answer must be there. Default 10,000. */
  timeoutMs?: number;
  /** Pauses before tries after a broken connection or 502, 503, 504. Default `defaultRetryDelaysMs`. */
  retryDelaysMs?: readonly number[];
  /** Hears "Retrying download (attempt 1/3) in 1s...". */
  onRetry?: (text: string) => void;
}

export const defaultRetryDelaysMs: readonly number[] = [1000, 2000, 4000];
const mostRedirects = 10;

/**
 * The answer, whatever its status except 502, 503 and 504; redirects are followed, without the
 * `authorization` header when they lead to another host. Throws "network" when the host cannot be reached
 * (at once when it refuses or is unknown), "interrupted" when the signal fires.
 */
export async function request(url: string | URL, options: RequestOptions = {}): Promise<Response> {
  const delays = options.retryDelaysMs ?? defaultRetryDelaysMs;
  for (let attempt = 0;; attempt++) {
    try {
      return await followRedirects(new URL(url), options);
    } catch (error) {
      if (attempt >= delays.length || !isTransient(error)) throw error;
      options.onRetry?.(retryText(attempt, delays));
      await pause(delays[attempt], options.signal);
    }
  }
}

export function retryText(attempt: number, delays: readonly number[]): string {
  return `Retrying download (attempt ${attempt + 1}/${delays.length}) in ${delays[attempt] / 1000}s...`;
}

/** Whether the same request may well succeed a moment later. */
export function isTransient(error: unknown): boolean {
  return error instanceof SkiffError && error.code === "network" && error.details?.transient === true;
}

async function followRedirects(start: URL, options: RequestOptions): Promise<Response> {
  let url = start;
  const headers = new Headers({ "accept-encoding": "identity", ...options.headers });
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await send(url, headers, options);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) {
      if ([502, 503, 504].includes(response.status)) {
        await response.body?.cancel();
        throw network(url, `it answered ${response.status}`, true);
      }
      return response;
    }
    await response.body?.cancel();
    const next = new URL(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      throw network(url, `it redirects to ${next.protocol}//${next.host}, which is not secure`, false);
    }
    if (next.host !== url.host) {
      headers.delete("authorization");
      // It may be a log-in: whoever is sent there must not get it.
      if (options.method === "POST" && options.body !== undefined) {
        throw network(url, `it redirects to ${next.host}: what was posted is not sent there`, false);
      }
    }
    url = next;
  }
  throw network(start, "it redirects without end", false);
}

async function send(url: URL, headers: Headers, options: RequestOptions): Promise<Response> {
  const { method, body, signal, timeoutMs = 10_000 } = options;
  if (signal?.aborted) throw interrupted(signal.reason);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    return await fetchTrusting(url, {
      method,
      body,
      headers,
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
    });
  } catch (error) {
    if (signal?.aborted) throw interrupted(error);
    if (timeout.signal.aborted) {
      throw network(url, `no answer within ${timeoutMs / 1000} seconds`, false, error);
    }
    const { reason, transient } = failureOf(error);
    throw network(url, reason, transient, error);
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(error: unknown): { reason: string; transient: boolean } {
  const reason = failureReason(error);
  return reason === undefined
    ? { reason: "the connection broke", transient: true }
    : { reason, transient: false };
}

/** An error about the host of `url`. */
export function network(url: URL | string, reason: string, transient: boolean, cause?: unknown): SkiffError {
  return new SkiffError("network", `Cannot reach ${new URL(url).host}: ${reason}`, {
    hint: "Check the network connection, and HTTPS_PROXY and NO_PROXY if there is a proxy.",
    cause,
    details: { transient },
  });
}

/** The answer when its status says success; else an error of the fitting code about `what`. */
export async function expectOk(response: Response, what: string): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  const host = response.url ? new URL(response.url).host : "the server";
  if (status === 401 || status === 403) {
    throw new SkiffError("unauthorized", `Cannot get ${what}: ${host} refuses access (${status})`, {
      hint: "It may not exist, be private, or need a log-in or an accepted licence.",
    });
  }
  if (status === 404) throw new SkiffError("not_found", `Cannot get ${what}: ${host} does not have it`);
  if (status === 429) {
    throw new SkiffError("network", `Cannot get ${what}: ${host} limits the rate of requests`, {
      hint: "Wait a while, or log in for a higher limit.",
    });
  }
  throw new SkiffError("network", `Cannot get ${what}: ${host} answered ${status}`);
}

/** The body as it comes; a broken connection is a "network" error. */
export async function* bodyPieces(
  response: Response,
  url: string | URL,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    for await (const piece of response.body ?? []) yield piece;
  } catch (error) {
    throw signal?.aborted ? interrupted(error) : network(url, "it broke off", true, error);
  }
}

const longestText = 64 * 1024 * 1024;

/** A body of text. Throws "network" when it breaks off, "corrupt" when it is too long. */
export async function bodyText(response: Response, url: string | URL, signal?: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of bodyPieces(response, url, signal)) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > longestText) {
      throw new SkiffError("corrupt", `The answer of ${new URL(url).host} is too long`);
    }
  }
  return text + decoder.decode();
}

/** A body of JSON. Throws as `bodyText` does, and "corrupt" when it is none. */
export async function bodyJson(response: Response, url: string | URL, signal?: AbortSignal): Promise<any> {
  const text = await bodyText(response, url, signal);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SkiffError("corrupt", `The answer of ${new URL(url).host} is no JSON`, { cause: error });
  }
}

/** Waits; throws "interrupted" when the signal fires first. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw interrupted(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => reject(interrupted(signal?.reason));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
