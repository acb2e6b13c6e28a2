/** Texts of scalars: what plain ones are taken for, and numbers as yq (and Go) reads and writes them. */
import { failure } from "./failure.ts";

const words: Record<string, string> = Object.fromEntries([
  ...["true", "True", "TRUE", "false", "False", "FALSE"].map((word) => [word, "!!bool"]),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, "!!null"]),
  ...[".nan", ".NaN", ".NAN", "-0", "-0.0"].map((word) => [word, "!!float"]),
  ...["", "+", "-"].flatMap((sign) => [".inf", ".Inf", ".INF"].map((word) => [sign + word, "!!float"])),
  ["<<", "!!merge"],
]);

const whole = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/;
const decimal = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

/** The tag of a scalar without quotes. */
export function tagOfPlain(text: string): string {
  if (Object.hasOwn(words, text)) return words[text];
  if (isTimestamp(text)) return "!!timestamp";
  if (/^[-+\d]/.test(text)) {
    const plain = text.replaceAll("_", "");
    if (whole.test(plain) && fitsIn64Bits(plain)) return "!!int";
    if (decimal.test(plain) && parseDecimal(plain) !== undefined) return "!!float";
  }
  return /^\.\d/.test(text) && decimal.test(text) ? "!!float" : "!!str";
}

function fitsIn64Bits(text: string): boolean {
  const [, sign, digits] = /^([-+]?)(.*)$/.exec(text)!;
  const octal = /^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits;
  return sign === "-" ? BigInt(octal) <= 2n ** 63n : BigInt(octal) < 2n ** 64n;
}

function isTimestamp(text: string): boolean {
  const parts =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d))|(?: (\d\d?):(\d\d?):(\d\d?)(\.\d+)?))?$/
      .exec(text);
  if (!parts) return false;
  const [year, month, day, hour, minute, second] = [1, 2, 3].map((i) => Number(parts[i]))
    .concat([4, 5, 6].map((i) => Number(parts[i] ?? parts[i + 5] ?? 0)));
  return isDay(year, month, day) && hour < 24 && minute < 60 && second < 60;
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return month >= 1 && day >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Milliseconds of a time in RFC 3339, or of a date; undefined for other texts. */
export function timeOf(text: string): number | undefined {
  const day = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d))?$/.exec(text);
  if (!day || !isDay(Number(day[1]), Number(day[2]), Number(day[3]))) return undefined;
  const time = Date.parse(text.replace(",", "."));
  return Number.isNaN(time) || day[4] === "24" ? undefined : time;
}

/** A whole number of 64 bits, and how such numbers were written: "0x", "0o" or "". */
export function parseWhole(text: string): { number: bigint; base: "" | "0x" | "0o" } {
  const parts = /^([-+]?)(0[xX](?=[0-9a-fA-F])|0o(?=[0-7]))?([0-9a-fA-F]+)$/.exec(text.replaceAll("_", ""));
  const [, sign, prefix = "", digits] = parts ?? [];
  const base = prefix.toLowerCase() as "" | "0x" | "0o";
  const allowed = { "": /^\d+$/, "0x": /^/, "0o": /^[0-7]+$/ }[base];
  if (!parts || !allowed.test(digits)) throw failure(`"${text}" is no whole number`);
  const size = BigInt(base + digits);
  return { number: inRange(sign === "-" ? -size : size), base };
}

export function isWhole(text: string): boolean {
  try {
    parseWhole(text);
    return true;
  } catch {
    return false;
  }
}

/** Throws when it does not fit in 64 bits. */
export function inRange(number: bigint): bigint {
  if (BigInt.asIntN(64, number) !== number) throw failure(`${number} does not fit in 64 bits`);
  return number;
}

export function showWhole(number: bigint, base: "" | "0x" | "0o"): string {
  if (base === "") return `${number}`;
  return base + number.toString(base === "0x" ? 16 : 8).toUpperCase();
}

/** A number of the position of something: an index, a count. */
export function parseIndex(text: string): number {
  return Number(parseWhole(text).number);
}

/** A number as Go's `strconv.ParseFloat` reads it; undefined for other texts. */
export function parseDecimal(text: string): number | undefined {
  if (/^[-+]?(inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const plain = text.replace(/(\d)_(?=\d)/g, "$1");
  if (!decimal.test(plain)) return undefined;
  const number = Number(plain);
  return Number.isFinite(number) ? number : undefined;
}

/** A number as Go's `%v` writes it. */
export function showDecimal(number: number): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf";
  if (Object.is(number, -0)) return "-0";
  const [digits, exponent] = number.toExponential().split("e");
  const size = Number(exponent);
  if (size >= -4 && size < 6) return `${number}`;
  return `${digits}e${size < 0 ? "-" : "+"}${`${Math.abs(size)}`.padStart(2, "0")}`;
}
