/** Byte counts for people: decimal units as Docker prints them, binary ones for sizes of weights. */

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.23GB`: powers of 1000 with `digits` decimals; whole bytes stay whole ("999B"). */
export function decimalSize(bytes: number, digits = 2): string {
  return scaled(bytes, 1000, decimalUnits, digits);
}

/** `91.73MiB`: powers of 1024 with `digits` decimals; whole bytes stay whole ("1023B"). */
export function binarySize(bytes: number, digits = 2): string {
  return scaled(bytes, 1024, binaryUnits, digits);
}

function scaled(bytes: number, base: number, units: string[], digits: number): string {
  let unit = 0;
  let value = bytes;
  while (unit < units.length - 1 && Math.abs(Number(value.toFixed(unit === 0 ? 0 : digits))) >= base) {
    value /= base;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : digits)}${units[unit]}`;
}

/**
 * Bytes of a size as users write it: "512", "1.5GB", "2 GiB", "10m". A single letter is binary, as in
 * Docker's options (`m` = MiB). Undefined when it is no size.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(i?b)?|b)?$/i.exec(text.trim());
  if (!match) return undefined;
  const power = match[2] ? "kmgtp".indexOf(match[2].toLowerCase()) + 1 : 0;
  const base = match[3]?.toLowerCase() === "b" ? 1000 : 1024;
  return Math.round(Number(match[1]) * base ** power);
}
