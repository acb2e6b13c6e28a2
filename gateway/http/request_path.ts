/** Paths as the routes know them. */

/**
 * The path of a URL without what clients put before or into it: Docker's socket prefix `/exp/vDD4.40` and
 * doubled slashes. It stays percent-encoded.
 */
export function routePath(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  const path = (end < 0 ? url.slice(start) : url.slice(start, start + end)).replace(/\/{2,}/g, "/");
  const stripped = path.replace(/^\/exp\/vDD4\.40(?=\/|$)/, "");
  return stripped.length > 1 ? stripped.replace(/\/$/, "") : stripped || "/";
}

/** True where errors are OpenAI's JSON; elsewhere they are one line of text. */
export function speaksOpenAI(path: string): boolean {
  return /^(\/engines(\/[^/]+)?)?\/v1(\/|$)/.test(path) ||
    /\/(tokenize|detokenize|apply-template)$/.test(path);
}

/** True where requests and errors are Anthropic's JSON. Its clients name the version of the API they speak. */
export function speaksAnthropic(path: string, headers: Headers): boolean {
  return /^\/anthropic(\/|$)/.test(path) || /^(\/engines(\/[^/]+)?)?\/v1\/messages(\/|$)/.test(path) ||
    (speaksOpenAI(path) && headers.has("anthropic-version"));
}
