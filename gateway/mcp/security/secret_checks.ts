/** What tells a secret from a text of the same form. */

/** What stands in for a secret in documentation and examples. */
const placeholder =
  /example|placeholder|dummy|changeme|redacted|your[_-]?|x{6,}|\*{4,}|0{12,}|1234567890|abcdefghij|\.\.\./i;

/** Tokens that GitHub's documentation and the descriptions of its API have in all their examples. */
const published = /16c7e42f292c6912e7710c838347ae178b4a/i;

export function isPlaceholder(text: string): boolean {
  return placeholder.test(text) || published.test(text);
}

/** A JSON Web Token that somebody could use: its parts are JSON, it is no example, and it has not run out. */
export function isLiveToken(token: string): boolean {
  const [header, claims] = token.split(".", 2).map(decodedJson);
  if (typeof header?.alg !== "string" || claims === undefined) return false;
  if (isPlaceholder(JSON.stringify(claims))) return false;
  const { exp } = claims;
  return !(typeof exp === "number" && exp * 1000 < Date.now());
}

function decodedJson(part: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Words that documentation writes where the password goes. */
const standIn =
  /^(?:my|the|some|test|db|user|admin|root|super|proxy)?[_-]?(?:pass|password|passwd|pwd|secret|token|hunter)[\w!?-]{0,4}$/i;

export function isWrittenPassword(password: string): boolean {
  return !standIn.test(password) && !/^%[sdv]|[;,]/.test(password);
}

/** Bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count / text.length * Math.log2(count / text.length);
  return bits;
}
