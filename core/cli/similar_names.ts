/** Names that somebody meant who wrote another word. */

/** Shorter words are part of too many names. */
const leastPart = 3;
const leastStart = 4;

/**
 * The names that are most like a word, best first: those that a slip or two make of it, those that
 * hold it, those that begin like it. Case does not count.
 */
export function similarNames(word: string, names: Iterable<string>, most = 5): string[] {
  const wanted = word.toLowerCase();
  const slips = Math.max(1, Math.floor(wanted.length / 3));
  const ranked: { name: string; rank: number }[] = [];
  for (const name of names) {
    const rank = unlikeness(wanted, name.toLowerCase(), slips);
    if (rank !== undefined) ranked.push({ name, rank });
  }
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, most).map(({ name }) => name);
}

/** 0 for the same; undefined for what is not alike. */
function unlikeness(word: string, name: string, slips: number): number | undefined {
  const distance = editDistance(word, name);
  if (distance <= slips) return distance;
  if (word.length >= leastPart && name.includes(word)) return slips + 1;
  return word.length >= leastStart && name.startsWith(word.slice(0, leastStart)) ? slips + 2 : undefined;
}

/** How many letters are to be put in, left out, replaced, or swapped with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [older, before] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1] + 1, before[j] + 1, before[j - 1] + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], older[j - 2] + 1);
    }
    [older, before] = [before, row];
  }
  return before[b.length];
}
