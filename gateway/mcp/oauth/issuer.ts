/** Authorization servers are told apart by their identifiers (RFC 8414). */

/** By RFC 3986 the same; a slash at the end makes no difference. */
export function isSameIssuer(a: string, b: string): boolean {
  const plain = (text: string) => (URL.canParse(text) ? new URL(text).href : text).replace(/\/$/, "");
  return plain(a) === plain(b);
}
