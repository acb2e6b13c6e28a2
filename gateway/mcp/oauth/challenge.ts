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
  const found = new Map<string, string>();
  let scheme = "";
  // A name without "=" is the scheme of the challenge that follows.
  const part = /[\s,]*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (let match; (match = part.exec(header));) {
    const [, name, quoted, bare] = match;
    const key = name.toLowerCase();
    if (quoted === undefined && bare === undefined) {
      if (scheme === "bearer") break;
      scheme = key;
    } else if (scheme === "bearer" && !found.has(key)) {
      found.set(key, quoted?.replace(/\\(.)/g, "$1") ?? bare);
    }
  }
  return {
    error: found.get("error"),
    scope: found.get("scope") || undefined,
    resourceMetadata: found.get("resource_metadata"),
  };
}
