/** Texts that servers wrote, on their way to a terminal or a model. */

/** One line without control characters, not too long. */
export function outsideText(text: string, most = 200): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
