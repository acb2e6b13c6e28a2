/** Okapi BM25 over documents with weighted fields. A weight is a repetition of the field's words. */

const saturation = 1.5;
const lengthPart = 0.75;

export interface WeightedText {
  text: string;
  weight: number;
}

export interface Ranked<T> {
  item: T;
  score: number;
  /** How much of the query it has, by the rarity of the words: 0 to 1. */
  share: number;
}

/** Words that every question has, and what everything is that is looked for: they tell nothing apart. */
const emptyWords = new Set(
  words(
    "a an and any are as at be by can do does for from get give have how i in is it me my need of on or please so " +
      "some something that the their them there this to up use using want what when where which who with work " +
      "working would you mcp server tool",
  ),
);

/**
 * The words of a query without those; all of it when it has no others. `joined`: two that stand side by side are
 * looked for as one, too, since "file system" is "filesystem".
 */
function queryWords(query: string): { single: Set<string>; joined: Set<string> } {
  const all = words(query);
  const telling = all.filter((word) => !emptyWords.has(word));
  const chosen = telling.length > 0 ? telling : all;
  return { single: new Set(chosen), joined: new Set(chosen.slice(1).map((word, i) => chosen[i] + word)) };
}

/** Words: runs of letters and digits, lower case, in the singular as far as English spelling tells it. */
export function words(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(singular);
}

function singular(word: string): string {
  if (word.length < 4 || !word.endsWith("s") || /(ss|us|is|news)$/.test(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return word.slice(0, /(ss|x|ch|sh)es$/.test(word) ? -2 : -1);
}

/**
 * The items with a score over 0, best first; equal ones by name. A word of the query counts once, and where a
 * document does not have it, words that begin with it count half.
 */
export function rankByWords<T>(
  query: string,
  items: T[],
  { fields, name }: { fields(item: T): WeightedText[]; name(item: T): string },
): Ranked<T>[] {
  const documents = items.map((item) => counts(fields(item)));
  const lengths = documents.map((document) => [...document.values()].reduce((sum, count) => sum + count, 0));
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(items.length, 1);
  const scores = new Array<number>(items.length).fill(0);
  const covered = new Array<number>(items.length).fill(0);
  const { single, joined } = queryWords(query);
  let asked = 0;
  for (const word of new Set([...single, ...joined])) {
    const found = documents.map((document) => document.get(word) ?? prefixCount(document, word) / 2);
    const having = found.filter((count) => count > 0).length;
    const rarity = Math.log((items.length - having + 0.5) / (having + 0.5) + 1);
    if (single.has(word)) asked += rarity;
    found.forEach((count, i) => {
      const norm = saturation * (1 - lengthPart + lengthPart * lengths[i] / average);
      if (count > 0) scores[i] += rarity * count * (saturation + 1) / (count + norm);
      if (count > 0) covered[i] += documents[i].has(word) ? rarity : rarity / 2;
    });
  }
  return items.map((item, i) => ({ item, score: scores[i], share: Math.min(1, covered[i] / asked) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (name(a.item) < name(b.item) ? -1 : 1));
}

function counts(fields: WeightedText[]): Map<string, number> {
  const result = new Map<string, number>();
  for (const { text, weight } of fields) {
    for (const word of words(text)) result.set(word, (result.get(word) ?? 0) + weight);
  }
  return result;
}

/** Of a word of one or two letters nearly everything is a continuation. */
function prefixCount(document: Map<string, number>, word: string): number {
  if (word.length < 3) return 0;
  let sum = 0;
  for (const [other, count] of document) if (other.startsWith(word)) sum += count;
  return sum;
}
