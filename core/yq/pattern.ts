/** Whether a text fits a pattern, in which `*` stands for any characters and `?` for one. */
export function matchesPattern(text: string, pattern: string): boolean {
  let [at, patternAt] = [0, 0];
  let retry: [at: number, patternAt: number] | undefined;
  while (at < text.length || patternAt < pattern.length) {
    const wanted = pattern[patternAt];
    if (wanted === "*") {
      retry = [at + 1, patternAt];
      patternAt++;
    } else if (at < text.length && wanted !== undefined && (wanted === "?" || wanted === text[at])) {
      at++;
      patternAt++;
    } else if (retry && retry[0] <= text.length) {
      [at, patternAt] = retry;
    } else {
      return false;
    }
  }
  return true;
}
