/** Random numbers from a seed, the same on every machine. */

/** A stream of numbers in [0, 1), with 53 random bits each (xoshiro128**, seeded by splitmix32). */
export type Random = () => number;

/** @param seed any number; without one the stream is unpredictable. */
export function createRandom(seed?: number): Random {
  const state = new Uint32Array(4);
  if (seed === undefined) crypto.getRandomValues(state);
  else spread(seed, state);
  const next32 = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return () => ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992;
}

/** Fills the state from a seed of up to 53 bits; neighbouring seeds give unrelated states. */
function spread(seed: number, state: Uint32Array): void {
  let word = (seed ^ Math.floor(seed / 4294967296)) >>> 0;
  for (let i = 0; i < state.length; i++) {
    word = (word + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    state[i] = mixed ^ (mixed >>> 15);
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
