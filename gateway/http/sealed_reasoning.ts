/**
 * Reasoning that travels through a client which keeps it without reading it: OpenAI's `encrypted_content`,
 * Anthropic's `signature`. It is the user's own text on the user's own machine, so it is packed, not
 * encrypted.
 */
const mark = "skiff1.";

export function sealedReasoning(text: string): string {
  return mark + new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The text of what `sealedReasoning` made; undefined for what others made. */
export function openedReasoning(sealed: string | null | undefined): string | undefined {
  if (!sealed?.startsWith(mark)) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(sealed.slice(mark.length), { alphabet: "base64url" });
    return new TextDecoder().decode(bytes);
  } catch {
    return undefined;
  }
}
