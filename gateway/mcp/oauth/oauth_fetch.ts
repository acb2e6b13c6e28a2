/** Requests to authorization servers: public https only, small answers, in time, never led to another origin. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { failureReason, fetchTrusting } from "../../../core/http/trusting_fetch.ts";
import { guardUrl, type RemoteGuard } from "../servers/remote_guard.ts";

export type Fetch = (to: string | URL, init?: RequestInit) => Promise<Response>;

/** Bytes of an answer: metadata and tokens are far smaller. */
const longestAnswer = 1024 * 1024;
const answerMs = 30_000;
const mostRedirects = 5;

/**
 * A fetch whose answers are whole when it resolves. A redirect is followed for GET within its origin; any other
 * one is answered as it is. Throws "forbidden" for a place that is not to be reached, "network", "corrupt" for an
 * answer that is too long.
 */
export function oauthFetch(guard: RemoteGuard, signal?: AbortSignal): Fetch {
  return async (to, init = {}) => {
    let url = await guardUrl(String(to), guard);
    for (let redirects = 0;; redirects++) {
      const response = await send(url, init, signal);
      const target = redirectTarget(response, url);
      const isFollowed = target?.origin === url.origin && (init.method ?? "GET") === "GET";
      if (!target || !isFollowed) return response;
      if (redirects === mostRedirects) {
        throw new SkiffError("network", `${url.origin} redirects in circles`);
      }
      url = await guardUrl(target.href, guard);
    }
  };
}

async function send(url: URL, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const signals = [AbortSignal.timeout(answerMs), init.signal, signal].filter((one) => one != null);
  try {
    const response = await fetchTrusting(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.any(signals),
    });
    const body = await wholeBody(response, url);
    const hasBody = ![101, 204, 205, 304].includes(response.status);
    return new Response(hasBody ? body : null, { status: response.status, headers: response.headers });
  } catch (error) {
    if (error instanceof SkiffError || signal?.aborted) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    const reason = late
      ? `no answer within ${answerMs / 1000} s`
      : failureReason(error) ?? (error as Error).message;
    throw new SkiffError("network", `${url.origin} cannot be reached: ${reason}`, { cause: error });
  }
}

async function wholeBody(response: Response, url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > longestAnswer) {
      throw new SkiffError(
        "corrupt",
        `${url.origin}${url.pathname} answers more than ${longestAnswer} bytes`,
      );
    }
    pieces.push(piece);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function redirectTarget(response: Response, url: URL): URL | undefined {
  const location = response.headers.get("location");
  const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
  return isRedirect && location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined;
}
