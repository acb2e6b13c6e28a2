/** Sets of Unicode code points, and the UTF-8 byte sequences that spell them. */

/** Sorted, disjoint, non-adjacent inclusive ranges. */
export type CodePointSet = [first: number, last: number][];

export const lastCodePoint = 0x10ffff;

/** All scalar values: surrogates have no UTF-8 form. */
export const anyCodePoint: CodePointSet = [[0, 0xd7ff], [0xe000, lastCodePoint]];

/** Sorts and merges ranges in any order. */
export function codePoints(ranges: [number, number][]): CodePointSet {
  const sorted = ranges.filter(([a, b]) => a <= b).sort((x, y) => x[0] - y[0]);
  const merged: CodePointSet = [];
  for (const [first, last] of sorted) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** The set of the characters of a string; "a-z" style ranges are pairs in `ranges`. */
export function charactersOf(characters: string, ...ranges: string[]): CodePointSet {
  const single = [...characters].map((c): [number, number] => [c.codePointAt(0)!, c.codePointAt(0)!]);
  const pairs = ranges.map((pair): [number, number] => {
    const [first, last] = [...pair];
    return [first.codePointAt(0)!, last.codePointAt(0)!];
  });
  return codePoints([...single, ...pairs]);
}

export function union(...sets: CodePointSet[]): CodePointSet {
  return codePoints(sets.flat().map(([a, b]) => [a, b]));
}

export function intersection(a: CodePointSet, b: CodePointSet): CodePointSet {
  const result: CodePointSet = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const first = Math.max(a[i][0], b[j][0]);
    const last = Math.min(a[i][1], b[j][1]);
    if (first <= last) result.push([first, last]);
    if (a[i][1] < b[j][1]) i++;
    else j++;
  }
  return result;
}

/** What is not in the set, among the scalar values. */
export function complement(set: CodePointSet): CodePointSet {
  const result: CodePointSet = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) result.push([next, lastCodePoint]);
  return intersection(result, anyCodePoint);
}

export function difference(a: CodePointSet, b: CodePointSet): CodePointSet {
  return intersection(a, complement(b));
}

export function contains(set: CodePointSet, codePoint: number): boolean {
  return set.some(([first, last]) => first <= codePoint && codePoint <= last);
}

/** A run of byte ranges, one a byte: together the sequences spell exactly the set (without surrogates). */
export type ByteSequence = [first: number, last: number][];

const lengthLimits = [0x7f, 0x7ff, 0xffff, lastCodePoint];

export function utf8Sequences(set: CodePointSet): ByteSequence[] {
  const sequences: ByteSequence[] = [];
  for (const [first, last] of intersection(set, anyCodePoint)) {
    let from = first;
    for (const limit of lengthLimits) {
      if (from > limit) continue;
      splitRange(from, Math.min(last, limit), sequences);
      from = limit + 1;
      if (from > last) break;
    }
  }
  return sequences;
}

/** Both ends have the same UTF-8 length; splits until each byte's range is independent of the others'. */
function splitRange(first: number, last: number, out: ByteSequence[]): void {
  const length = utf8Length(first);
  for (let tail = 1; tail < length; tail++) {
    const mask = (1 << (6 * tail)) - 1;
    if ((first & ~mask) === (last & ~mask)) continue;
    if ((first & mask) !== 0) {
      splitRange(first, first | mask, out);
      splitRange((first | mask) + 1, last, out);
      return;
    }
    if ((last & mask) !== mask) {
      splitRange(first, (last & ~mask) - 1, out);
      splitRange(last & ~mask, last, out);
      return;
    }
  }
  const low = utf8Bytes(first);
  const high = utf8Bytes(last);
  out.push(low.map((byte, i) => [byte, high[i]]));
}

function utf8Length(codePoint: number): number {
  return lengthLimits.findIndex((limit) => codePoint <= limit) + 1;
}

function utf8Bytes(codePoint: number): number[] {
  if (codePoint < 0x80) return [codePoint];
  const length = utf8Length(codePoint);
  const bytes: number[] = [];
  for (let i = length - 1; i > 0; i--, codePoint >>= 6) bytes[i] = 0x80 | (codePoint & 0x3f);
  bytes[0] = [0, 0, 0xc0, 0xe0, 0xf0][length] | codePoint;
  return bytes;
}
