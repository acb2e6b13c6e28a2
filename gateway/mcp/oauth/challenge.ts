/** What a server that refuses a request asks for: `WWW-Authenticate: Bearer …` (RFC 6750, RFC 9728). */

export interface Challenge {
  /** `invalid_token`, `insufficient_scope`, … */
  error?: string;
  scope?: string;
  /** Where the server describes itself. */
  resourceMetadata?: string;
}

/** The first Bearer challenge of a response; an empty one when there is none. */
export function bearerChallenge(response: Response): Challenge {
  const header = response.headers.get("www-authenticate") ?? "";
  const start = /(?:^|[\s,])bearer(?=\s|,|$)/i.exec(header);
  if (!start) return {};
  const found = new Map<string, string>();
  const rest = header.slice(start.index + start[0].length);
  // A name without "=" after a comma is the scheme of the next challenge.
  const part = /\s*,?\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (let match; (match = part.exec(rest));) {
    const [, name, quoted, bare] = match;
    if (quoted === undefined && bare === undefined) break;
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, "$1") ?? bare);
  }
  return {
    error: found.get("error"),
    scope: found.get("scope") || undefined,
    resourceMetadata: found.get("resource_metadata"),
  };
}
