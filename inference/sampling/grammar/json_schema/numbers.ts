/** Numbers within bounds -> expressions over their decimal digits. */
import { charactersOf } from "../code_points.ts";
import type { RegularLanguage } from "../regular_language.ts";
import {
  choice,
  empty,
  type Expression,
  nothing,
  optional,
  repeat,
  sequence,
  set,
  text,
} from "../grammar.ts";

export interface NumberBounds {
  integer: boolean;
  min?: number;
  max?: number;
  /** The bound itself is not allowed. */
  aboveMin?: boolean;
  belowMax?: boolean;
}

/** Digits that a double tells apart for certain; more would let a number round onto its bound. */
const exactDigits = 15;
const digit = set(charactersOf("", "09"));
const nonZero = set(charactersOf("", "19"));

/** Every text of the expression is a JSON number within the bounds; `nothing` when there is none. */
export function numberExpression(bounds: NumberBounds): Expression {
  if (bounds.min === undefined && bounds.max === undefined) return bounds.integer ? anyInteger : anyNumber;
  return bounds.integer ? integerRange(bounds) : decimalRange(bounds);
}

const naturals = choice(text("0"), sequence(nonZero, repeat(digit, 0, exactDigits)));
const anyInteger = choice(naturals, sequence(text("-"), nonZero, repeat(digit, 0, exactDigits)));
/** Exponents of two digits: more could overflow a double. */
const anyNumber = sequence(
  optional(text("-")),
  naturals,
  optional(sequence(text("."), repeat(digit, 1, 16))),
  optional(sequence(set(charactersOf("eE")), optional(set(charactersOf("+-"))), repeat(digit, 1, 2))),
);

function integerRange({ min = -Infinity, max = Infinity, aboveMin, belowMax }: NumberBounds): Expression {
  const low = aboveMin && Number.isInteger(min) ? min + 1 : Math.ceil(min);
  const high = belowMax && Number.isInteger(max) ? max - 1 : Math.floor(max);
  if (low > high) return nothing;
  const items: Expression[] = [];
  if (high >= 0) items.push(naturalRange(plain(Math.max(low, 0)), plain(high)));
  if (low < 0) items.push(sequence(text("-"), naturalRange(plain(Math.max(-high, 1)), plain(-low))));
  return choice(...items);
}

/** Natural numbers between two written in decimal; the upper one undefined for no bound. */
function naturalRange(low: string | undefined, high: string | undefined): Expression {
  const longest = high ?? "9".repeat(Math.max(exactDigits + 1, (low ?? "").length));
  const items: Expression[] = [];
  let from = low ?? "0";
  for (let length = from.length; length <= longest.length; length++) {
    const to = length === longest.length ? longest : "9".repeat(length);
    items.push(sameLength(from, to));
    from = "1" + "0".repeat(length);
  }
  return choice(...items);
}

/** Digit strings between two of the same length. */
function sameLength(low: string, high: string): Expression {
  if (low > high) return nothing;
  if (low === "") return empty;
  if (/^0*$/.test(low) && /^9*$/.test(high)) return repeat(digit, low.length, low.length);
  const rest = low.length - 1;
  const [first, last] = [Number(low[0]), Number(high[0])];
  if (first === last) return sequence(text(low[0]), sameLength(low.slice(1), high.slice(1)));
  const items = [
    sequence(text(low[0]), sameLength(low.slice(1), "9".repeat(rest))),
    sequence(text(high[0]), sameLength("0".repeat(rest), high.slice(1))),
  ];
  if (first + 1 < last) items.push(sequence(digits(first + 1, last - 1), repeat(digit, rest, rest)));
  return choice(...items);
}

function digits(first: number, last: number): Expression {
  return first > last ? nothing : set(charactersOf("", `${first}${last}`));
}

function decimalRange({ min = -Infinity, max = Infinity, aboveMin, belowMax }: NumberBounds): Expression {
  const items: Expression[] = [];
  if (max > 0 || (max === 0 && !belowMax)) {
    const fromZero = min < 0;
    items.push(positiveRange(fromZero ? 0 : min, max, !fromZero && aboveMin, belowMax));
  }
  if (min < 0) {
    const toZero = max >= 0; // zero itself has no minus sign
    items.push(sequence(text("-"), positiveRange(toZero ? 0 : -max, -min, toZero || belowMax, aboveMin)));
  }
  return choice(...items);
}

/** Decimals without exponent in low..high, both at least 0. */
function positiveRange(low: number, high: number, aboveLow = false, belowHigh = false): Expression {
  if (low > high || (low === high && (aboveLow || belowHigh))) return nothing;
  const [lowInteger, lowFraction] = decimal(low);
  const [highInteger, highFraction] = high === Infinity ? [undefined, ""] : decimal(high);
  const places = Math.max(
    lowFraction.length,
    highFraction.length,
    exactDigits - (highInteger ?? lowInteger).length,
    1,
  );
  const anyFraction = optional(sequence(text("."), repeat(digit, 1, places)));
  const above = fractionAbove(lowFraction, aboveLow, places);
  if (highInteger === undefined) {
    return choice(
      sequence(text(lowInteger), above),
      sequence(naturalRange(String(BigInt(lowInteger) + 1n), undefined), anyFraction),
    );
  }
  if (lowInteger === highInteger) {
    return sequence(
      text(lowInteger),
      fractionBetween(lowFraction, highFraction, aboveLow, belowHigh, places),
    );
  }
  const between = [String(BigInt(lowInteger) + 1n), String(BigInt(highInteger) - 1n)];
  const items = [
    sequence(text(lowInteger), above),
    sequence(text(highInteger), fractionBelow(highFraction, belowHigh, places)),
  ];
  if (BigInt(between[0]) <= BigInt(between[1])) {
    items.push(sequence(naturalRange(between[0], between[1]), anyFraction));
  }
  return choice(...items);
}

function fractionAbove(bound: string, strictly: boolean, places: number): Expression {
  return fraction((left) => digitsAbove(bound, strictly, left), bound === "" && !strictly, places);
}

function fractionBelow(bound: string, strictly: boolean, places: number): Expression {
  return fraction((left) => digitsBelow(bound, strictly, left), !(bound === "" && strictly), places);
}

/** "." and digits, or nothing at all where the whole number is within the bounds. */
function fraction(body: (places: number) => Expression, mayBeAbsent: boolean, places: number): Expression {
  const present = sequence(text("."), body(places));
  return mayBeAbsent ? choice(empty, present) : present;
}

/** Fractions between two bounds: the digits that both share, then one or the other bound. */
function fractionBetween(
  low: string,
  high: string,
  aboveLow: boolean,
  belowHigh: boolean,
  places: number,
): Expression {
  if (low === "" && high === "") return choice(empty, sequence(text("."), repeat(text("0"), 1, places)));
  const width = Math.max(low.length, high.length);
  const body = digitsBetween(low.padEnd(width, "0"), high.padEnd(width, "0"), aboveLow, belowHigh, places);
  return fraction(() => body, low === "" && !aboveLow, places);
}

function digitsBetween(
  low: string,
  high: string,
  aboveLow: boolean,
  belowHigh: boolean,
  left: number,
): Expression {
  if (low === "") {
    if (aboveLow || belowHigh) return nothing;
    return left > 0 ? repeat(text("0"), 0, left) : empty;
  }
  const [first, last] = [Number(low[0]), Number(high[0])];
  if (first === last) {
    return sequence(text(low[0]), digitsBetween(low.slice(1), high.slice(1), aboveLow, belowHigh, left - 1));
  }
  return choice(
    sequence(text(low[0]), digitsAbove(low.slice(1), aboveLow, left - 1, true)),
    sequence(digits(first + 1, last - 1), repeat(digit, 0, left - 1)),
    sequence(text(high[0]), digitsBelow(high.slice(1), belowHigh, left - 1, true)),
  );
}

/** Digits after the point whose value is at least (or above) that of `bound`. `started`: some stand before. */
function digitsAbove(bound: string, strictly: boolean, left: number, started = false): Expression {
  if (/^0*$/.test(bound)) {
    const any = repeat(digit, started && !strictly ? 0 : 1, left);
    if (!strictly) return left > 0 ? any : empty;
    return left <= 0 ? nothing : sequence(
      repeat(text("0"), 0, left - 1),
      nonZero,
      repeat(digit, 0, left - 1),
    );
  }
  const first = Number(bound[0]);
  return choice(
    sequence(digits(first + 1, 9), repeat(digit, 0, left - 1)),
    sequence(text(bound[0]), digitsAbove(bound.slice(1), strictly, left - 1, true)),
  );
}

function digitsBelow(bound: string, strictly: boolean, left: number, started = false): Expression {
  if (/^0*$/.test(bound)) {
    if (strictly) return nothing;
    return left > 0 ? repeat(text("0"), started ? 0 : 1, left) : empty;
  }
  const first = Number(bound[0]);
  const items = [
    sequence(digits(0, first - 1), repeat(digit, 0, left - 1)),
    sequence(text(bound[0]), digitsBelow(bound.slice(1), strictly, left - 1, true)),
  ];
  if (started) items.push(empty); // fewer digits are less
  return choice(...items);
}

/** Integer and fraction digits of a number without exponent. */
function decimal(value: number): [integer: string, fraction: string] {
  const [mantissa, exponent = "0"] = String(value).split("e");
  const [whole, part = ""] = mantissa.split(".");
  const shift = Number(exponent);
  const all = whole + part;
  const point = whole.length + shift;
  const padded = point <= 0 ? "0".repeat(1 - point) + all : all.padEnd(point, "0");
  const at = Math.max(point, 1);
  return [padded.slice(0, at).replace(/^0+(?=\d)/, ""), padded.slice(at).replace(/0+$/, "")];
}

/** An integer without exponent; undefined for no bound. */
function plain(value: number): string | undefined {
  return Number.isFinite(value) ? String(BigInt(value)) : undefined;
}

/** Decimal integers that `divisor` divides. */
export function multiplesOf(divisor: number): RegularLanguage {
  // State 0 is the start, 1 after the sign, 2 + r after digits with the remainder r.
  const arcs: RegularLanguage["arcs"] = [];
  for (let state = 0; state < divisor + 2; state++) {
    const remainder = Math.max(0, state - 2);
    const list = Array.from({ length: 10 }, (_, d) => ({
      set: charactersOf(String(d)),
      target: 2 + (remainder * 10 + d) % divisor,
    }));
    if (state === 0) list.push({ set: charactersOf("-"), target: 1 });
    arcs.push(list);
  }
  return { accepting: arcs.map((_, state) => state === 2), arcs };
}
