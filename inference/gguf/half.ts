/** IEEE half precision and bfloat16 as they stand in files, to and from f32. */

const bits = new DataView(new ArrayBuffer(4));
let table: Float32Array | undefined;

/** The value of a half's 16 bits, exact. */
export function halfToFloat(half: number): number {
  table ??= Float32Array.from({ length: 65_536 }, (_, i) => expand(i));
  return table[half];
}

function expand(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The 16 bits of the half nearest to a value, ties to even. */
export function floatToHalf(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(value));
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65_520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = ((word >>> 23) & 255) - 127;
  const steps = roundEven(magnitude * 2 ** (10 - exponent)); // 1024 … 2048; 2048 carries into the exponent
  return sign | (((exponent + 15) << 10) + steps - 1024);
}

/** The value of a bfloat16's 16 bits: the upper half of an f32. */
export function bfloatToFloat(bfloat: number): number {
  bits.setUint32(0, bfloat << 16);
  return bits.getFloat32(0);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
