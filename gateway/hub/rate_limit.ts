/** What Docker Hub says of its limits, in words: X-RateLimit-Limit, -Remaining, -Reset and Retry-After. */

interface RateLimit {
  limit?: number;
  remaining?: number;
  /** When the count starts anew. */
  reset?: Date;
}

/** The headers of an answer. Retry-After is seconds, a date or, as the Hub writes it, a Unix time. */
export function rateLimit(headers: Headers, now = Date.now()): RateLimit {
  const number = (name: string) => {
    const text = headers.get(name);
    return text !== null && /^\s*\d+/.test(text) ? parseInt(text, 10) : undefined;
  };
  const date = Date.parse(headers.get("retry-after") ?? "");
  const after = number("x-retry-after") ?? number("retry-after") ??
    (Number.isNaN(date) ? undefined : date / 1000);
  const at = after === undefined ? number("x-ratelimit-reset") : after < 1e9 ? now / 1000 + after : after;
  return {
    limit: number("x-ratelimit-limit"),
    remaining: number("x-ratelimit-remaining"),
    reset: at === undefined ? undefined : new Date(Math.ceil(at) * 1000),
  };
}

/** The message for a refused request. */
export function rateLimitText(headers: Headers, now = Date.now()): string {
  const { limit, reset } = rateLimit(headers, now);
  const most = limit === undefined ? "" : ` (${limit} requests)`;
  return `Docker Hub's rate limit${most} is used up${when(reset, now)}`;
}

/** A note when little is left; undefined otherwise. */
export function rateLimitNote(
  headers: Headers,
  authenticated: boolean,
  now = Date.now(),
): string | undefined {
  const { limit, remaining, reset } = rateLimit(headers, now);
  if (limit === undefined || remaining === undefined || remaining > limit / 10) return undefined;
  const more = authenticated ? "" : " A log-in has a higher limit.";
  return `Docker Hub's rate limit: ${remaining} of ${limit} requests left${when(reset, now)}.${more}`;
}

function when(reset: Date | undefined, now: number): string {
  if (reset === undefined) return "";
  const seconds = Math.max(0, Math.ceil((reset.getTime() - now) / 1000));
  return `; it starts anew at ${reset.toISOString().replace(".000", "")} (in ${seconds} s)`;
}
