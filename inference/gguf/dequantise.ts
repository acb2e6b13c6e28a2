/**
 * Values of quantised tensors, as llama.cpp's dequantize_row_* computes them: the same f32 roundings, so the
 * results are equal to the bit (tests/inference/gguf/dequantise_real_test.ts). The truth that GPU kernels are
 * tested against. Layouts of blocks: ggml-common.h of llama.cpp.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { bfloatToFloat, halfToFloat } from "./half.ts";
import { tensorType, type TensorTypeName } from "./tensor_types.ts";

/** Reads the block at byte `at` and writes its values to `out` from `to` on. */
type Block = (bytes: DataView, at: number, out: Float32Array, to: number) => void;

const half = (bytes: DataView, at: number) => halfToFloat(bytes.getUint16(at, true));
const { fround } = Math;

/** Calls `put(i, q)` for the nibbles of 16 bytes: byte j holds elements j and j + 16. */
function nibbles(bytes: DataView, at: number, put: (i: number, q: number) => void): void {
  for (let j = 0; j < 16; j++) {
    const byte = bytes.getUint8(at + j);
    put(j, byte & 15);
    put(j + 16, byte >> 4);
  }
}

const q4_0: Block = (bytes, at, out, to) => {
  const d = half(bytes, at);
  nibbles(bytes, at + 2, (i, q) => out[to + i] = d * (q - 8));
};

const q4_1: Block = (bytes, at, out, to) => {
  const d = half(bytes, at), m = half(bytes, at + 2);
  nibbles(bytes, at + 4, (i, q) => out[to + i] = fround(d * q) + m);
};

const q5_0: Block = (bytes, at, out, to) => {
  const d = half(bytes, at), high = bytes.getUint32(at + 2, true);
  nibbles(bytes, at + 6, (i, q) => out[to + i] = d * ((q | ((high >>> i) & 1) << 4) - 16));
};

const q5_1: Block = (bytes, at, out, to) => {
  const d = half(bytes, at), m = half(bytes, at + 2), high = bytes.getUint32(at + 4, true);
  nibbles(bytes, at + 8, (i, q) => out[to + i] = fround(d * (q | ((high >>> i) & 1) << 4)) + m);
};

const q8_0: Block = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * bytes.getInt8(at + 2 + i);
};

const q2_k: Block = (bytes, at, out, to) => {
  const d = half(bytes, at + 80), dmin = half(bytes, at + 82);
  for (let i = 0; i < 256; i++) {
    const scale = bytes.getUint8(at + (i >> 4));
    const byte = bytes.getUint8(at + 16 + 32 * (i >> 7) + i % 32);
    const q = (byte >> (2 * ((i >> 5) & 3))) & 3;
    out[to + i] = fround(fround(d * (scale & 15)) * q) - fround(dmin * (scale >> 4));
  }
};

/** The 16 scales of a Q3_K block, −32 … 31: four low bits in 8 bytes, two high bits in the next 4. */
export function q3kScale(bytes: DataView, at: number, j: number): number {
  const low = bytes.getUint8(at + (j & 7)) >> (j < 8 ? 0 : 4) & 15;
  const high = (bytes.getUint8(at + 8 + (j & 3)) >> (2 * (j >> 2))) & 3;
  return (low | high << 4) - 32;
}

const q3_k: Block = (bytes, at, out, to) => {
  const d = half(bytes, at + 108);
  for (let i = 0; i < 256; i++) {
    const byte = bytes.getUint8(at + 32 + 32 * (i >> 7) + i % 32);
    const third = (bytes.getUint8(at + i % 32) >> (i >> 5)) & 1;
    const q = ((byte >> (2 * ((i >> 5) & 3))) & 3) - (third ? 0 : 4);
    out[to + i] = fround(d * q3kScale(bytes, at + 96, i >> 4)) * q;
  }
};

/** Scale and minimum of group j of a Q4_K or Q5_K block: 6 bits each in 12 bytes. */
function sixBits(bytes: DataView, at: number, j: number): [scale: number, minimum: number] {
  const byte = (i: number) => bytes.getUint8(at + i);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [
    (byte(j + 4) & 15) | (byte(j - 4) >> 6) << 4,
    (byte(j + 4) >> 4) | (byte(j) >> 6) << 4,
  ];
}

const q4_k: Block = (bytes, at, out, to) => fourOrFive(bytes, at, out, to, at + 16);
const q5_k: Block = (bytes, at, out, to) => fourOrFive(bytes, at, out, to, at + 48, at + 16);

function fourOrFive(
  bytes: DataView,
  at: number,
  out: Float32Array,
  to: number,
  nibbles: number,
  fifths?: number,
): void {
  const d = half(bytes, at), dmin = half(bytes, at + 2);
  for (let j = 0; j < 8; j++) {
    const [scale, minimum] = sixBits(bytes, at + 4, j);
    const d1 = fround(d * scale), m1 = fround(dmin * minimum);
    for (let l = 0; l < 32; l++) {
      const nibble = (bytes.getUint8(nibbles + 32 * (j >> 1) + l) >> (4 * (j & 1))) & 15;
      const fifth = fifths === undefined ? 0 : (bytes.getUint8(fifths + l) >> j) & 1;
      out[to + 32 * j + l] = fround(d1 * (nibble | fifth << 4)) - m1;
    }
  }
}

const q6_k: Block = (bytes, at, out, to) => {
  const d = half(bytes, at + 208);
  for (let i = 0; i < 256; i++) {
    const j = (i >> 5) & 3, l = i % 32, part = i >> 7;
    const low = (bytes.getUint8(at + 64 * part + 32 * (j & 1) + l) >> (4 * (j >> 1))) & 15;
    const high = (bytes.getUint8(at + 128 + 32 * part + l) >> (2 * j)) & 3;
    const scale = bytes.getInt8(at + 192 + (i >> 4));
    out[to + i] = fround(d * scale) * ((low | high << 4) - 32);
  }
};

/** What a nibble means in IQ4_NL and IQ4_XS. */
export const iq4Values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const iq4_nl: Block = (bytes, at, out, to) => {
  const d = half(bytes, at);
  nibbles(bytes, at + 2, (i, q) => out[to + i] = d * iq4Values[q]);
};

/** The scale of group j of an IQ4_XS block, −32 … 31. */
export function iq4xsScale(bytes: DataView, at: number, j: number): number {
  const low = (bytes.getUint8(at + 4 + (j >> 1)) >> (4 * (j & 1))) & 15;
  const high = (bytes.getUint16(at + 2, true) >> (2 * j)) & 3;
  return (low | high << 4) - 32;
}

const iq4_xs: Block = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let j = 0; j < 8; j++) {
    const scale = fround(d * iq4xsScale(bytes, at, j));
    nibbles(bytes, at + 8 + 16 * j, (i, q) => out[to + 32 * j + i] = scale * iq4Values[q]);
  }
};

/** What a nibble means in MXFP4, doubled to whole numbers; the scale is halved for it. */
export const mxfp4Values = [0, 1, 2, 3, 4, 6, 8, 12, -0, -1, -2, -3, -4, -6, -8, -12];

const mxfp4: Block = (bytes, at, out, to) => {
  const d = 2 ** (bytes.getUint8(at) - 128);
  nibbles(bytes, at + 1, (i, q) => out[to + i] = (mxfp4Values[q] || 0) * d);
};

const blocks: Partial<Record<TensorTypeName, Block>> = {
  F32: (bytes, at, out, to) => out[to] = bytes.getFloat32(at, true),
  F16: (bytes, at, out, to) => out[to] = half(bytes, at),
  BF16: (bytes, at, out, to) => out[to] = bfloatToFloat(bytes.getUint16(at, true)),
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  Q2_K: q2_k,
  Q3_K: q3_k,
  Q4_K: q4_k,
  Q5_K: q5_k,
  Q6_K: q6_k,
  IQ4_NL: iq4_nl,
  IQ4_XS: iq4_xs,
  MXFP4: mxfp4,
};

/**
 * The values of `elements` weights that stand in `bytes`.
 * @throws {SkiffError} "unsupported" for a type that is not read here, "corrupt" when bytes are missing.
 */
export function dequantise(type: TensorTypeName, bytes: Uint8Array, elements: number): Float32Array {
  const block = blocks[type];
  const layout = tensorType(type);
  if (block === undefined || layout === undefined) {
    throw new SkiffError("unsupported", `Tensors of type ${type} cannot be read`);
  }
  const count = elements / layout.blockSize;
  if (bytes.byteLength < count * layout.blockBytes) {
    throw new SkiffError("corrupt", `${elements} values of ${type} need ${count * layout.blockBytes} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(elements);
  for (let i = 0; i < count; i++) block(view, i * layout.blockBytes, out, i * layout.blockSize);
  return out;
}
