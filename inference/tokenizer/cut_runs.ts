/** Cutters for runs: numbers, white space, lines. */
import { category } from "./unicode.ts";
import type { Cutter } from "./split.ts";

/** Every run of digits (\p{N}) becomes pieces of at most `most` digits, counted from its start. */
export function cutDigits(most: number): Cutter {
  return ({ kinds }, start, end, ends) => {
    let done = start;
    for (let i = start; i < end;) {
      if (kinds[i] !== category.number) {
        i++;
        continue;
      }
      if (i > done) ends.push(i);
      const limit = Math.min(end, i + most);
      while (i < limit && kinds[i] === category.number) i++;
      ends.push(done = i);
    }
    if (done < end) ends.push(end);
  };
}

/**
 * Threes of digits (\p{N}) counted from the run's end. What stands before a run stays with its first piece:
 * a later cutter parts them.
 */
export const cutThreesFromRight: Cutter = ({ kinds }, start, end, ends) => {
  let done = start;
  for (let i = start; i < end;) {
    if (kinds[i] !== category.number) {
      i++;
      continue;
    }
    const first = i;
    while (i < end && kinds[i] === category.number) i++;
    const odd = (i - first) % 3;
    if (odd > 0) ends.push(first + odd);
    for (let group = first + odd + 3; group <= i; group += 3) ends.push(group);
    done = i;
  }
  if (done < end) ends.push(end);
};

/** Threes of ASCII digits counted from the run's end; the leading one or two stay with what is before them. */
export const cutBeforeThrees: Cutter = ({ codes }, start, end, ends) => {
  const isDigit = (i: number) => codes[i] >= 0x30 && codes[i] <= 0x39;
  for (let i = start; i < end;) {
    if (!isDigit(i)) {
      i++;
      continue;
    }
    const first = i;
    while (i < end && isDigit(i)) i++;
    for (let group = first + (i - first) % 3; group < i; group += 3) if (group > start) ends.push(group);
  }
  ends.push(end);
};

/** Lines, and runs of line feeds between them. */
export const cutLines: Cutter = ({ codes }, start, end, ends) => {
  for (let i = start + 1; i < end; i++) if ((codes[i] === 10) !== (codes[i - 1] === 10)) ends.push(i);
  ends.push(end);
};

/** White space at the end of a piece: \s+$ */
export const cutTrailingSpace: Cutter = ({ kinds }, start, end, ends) => {
  let from = end;
  while (from > start && kinds[from - 1] === category.space) from--;
  if (from > start && from < end) ends.push(from);
  ends.push(end);
};

/**
 * Pieces of white space alone, other than those that end a line, become the powers of two from 512 down to 1
 * that they are the sum of, the largest first.
 */
export const cutSpacesByPowers: Cutter = ({ codes, kinds }, start, end, ends) => {
  const last = codes[end - 1];
  let i = start;
  if (last !== 10 && last !== 13) { while (i < end && kinds[i] === category.space) i++; }
  if (i === end) {
    i = start;
    for (let power = 512; power >= 1; power /= 2) {
      while (end - i >= power) ends.push(i += power);
    }
  } else ends.push(end);
};
