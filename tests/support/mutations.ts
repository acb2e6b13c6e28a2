/** Damaged copies of binary data for fuzz tests, the same ones in every run. */

/** A small generator of 32-bit numbers (mulberry32): `next(n)` is in [0, n). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * below);
  };
}

/** Numbers that parsers trip over. */
const evil = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 32n,
  1n << 40n,
  (1n << 53n) - 1n,
  1n << 63n,
  ~0n,
];

/** A copy of `bytes` with one to four faults: flipped bits, evil numbers, moved, removed or doubled stretches. */
export function mutate(bytes: Uint8Array, next: (below: number) => number): Uint8Array<ArrayBuffer> {
  let copy = bytes.slice();
  for (let faults = 1 + next(4); faults > 0; faults--) {
    const at = next(copy.length);
    const view = new DataView(copy.buffer, copy.byteOffset, copy.length);
    const length = Math.min(1 + next(64), copy.length - at);
    switch (next(6)) {
      case 0:
        copy[at] ^= 1 << next(8);
        break;
      case 1:
        if (at + 8 <= copy.length) view.setBigUint64(at, BigInt.asUintN(64, evil[next(evil.length)]), true);
        break;
      case 2:
        if (at + 4 <= copy.length) view.setUint32(at, next(16), true);
        break;
      case 3:
        copy.copyWithin(next(copy.length), at, at + length);
        break;
      case 4:
        copy = concat(copy.subarray(0, at), copy.subarray(at + length));
        break;
      case 5:
        copy = concat(copy.subarray(0, at + length), copy.subarray(at));
        break;
    }
    if (copy.length === 0) break;
  }
  return copy;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
