/**
 * GGUF's blocks -> the planes that kernels read (layout.ts), a slice of rows at a time while a model loads.
 * Whole words at a time: a gigabyte takes about a second.
 */
import { iq4xsScale, q3kScale } from "../../../gguf/dequantise.ts";
import { tensorType } from "../../../gguf/tensor_types.ts";
import { groupsOfRow, partLayout } from "./layout.ts";
import type { WeightType } from "./weight_matrix.ts";

/** One plane's bytes for the rows of a slice, seen in three widths. */
export interface PlaneSlice {
  bytes: Uint8Array<ArrayBuffer>;
  halves: Uint16Array<ArrayBuffer>;
  words: Uint32Array<ArrayBuffer>;
}

/** Writes block number `block` (counted from the slice's first destination row) that stands at byte `at`. */
type RepackBlock = (source: DataView, at: number, planes: readonly PlaneSlice[], block: number) => void;

/** Room for `rows` rows (a multiple of 4) of every plane of a type. */
export function planeSlices(type: WeightType, rows: number, columns: number): PlaneSlice[] {
  return partLayout(type, rows, columns).planes.map(({ rowBytes }) => {
    const buffer = new ArrayBuffer(Math.ceil(rowBytes * rows / 4) * 4);
    return { bytes: new Uint8Array(buffer), halves: new Uint16Array(buffer), words: new Uint32Array(buffer) };
  });
}

/**
 * Repacks `rows` rows that stand in `source` as GGUF has them. Row i goes to row `first + i * stride` of the
 * slices (stride 2 interleaves gate and up).
 */
export function repackRows(
  type: WeightType,
  source: Uint8Array,
  columns: number,
  rows: number,
  slices: readonly PlaneSlice[],
  { first = 0, stride = 1 }: { first?: number; stride?: number } = {},
): void {
  const { blockSize, blockBytes } = tensorType(type)!;
  const rowBytes = columns / blockSize * blockBytes;
  if (blockSize === 1) {
    const targetBytes = groupsOfRow(columns) * 32 * blockBytes;
    for (let i = 0; i < rows; i++) {
      const row = source.subarray(i * rowBytes, (i + 1) * rowBytes);
      slices[0].bytes.set(row, (first + i * stride) * targetBytes);
    }
    return;
  }
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const repack = repackers[type]!;
  const blocks = columns / blockSize;
  for (let i = 0; i < rows; i++) {
    const target = (first + i * stride) * blocks;
    for (let b = 0; b < blocks; b++) repack(view, i * rowBytes + b * blockBytes, slices, target + b);
  }
}

function copyWords(source: DataView, at: number, target: Uint32Array, to: number, words: number): void {
  for (let i = 0; i < words; i++) target[to + i] = source.getUint32(at + 4 * i, true);
}

/** 32 bits, element i in bit i -> element 4w + b in bit w of byte b. */
function spreadBits(bits: number): number {
  let spread = 0;
  for (let w = 0; w < 8; w++) spread |= ((((bits >>> (4 * w)) & 15) * 0x0020_4081) & 0x0101_0101) << w;
  return spread >>> 0;
}

const low = 0x0f0f_0f0f;
const words8 = new Uint32Array(8);

/** Eight words of four values (≤ 15) each -> the nibble plane's four words. */
function packNibbles(values: Uint32Array, target: Uint32Array, to: number): void {
  for (let w = 0; w < 4; w++) target[to + w] = values[w] | (values[w + 4] << 4);
}

/** Eight words of four values (≤ 3) each -> the two words of a plane of two bits. */
function packPairs(values: Uint32Array, target: Uint32Array, to: number): void {
  for (let h = 0; h < 2; h++) {
    const v = 4 * h;
    target[to + h] = values[v] | (values[v + 1] << 2) | (values[v + 2] << 4) | (values[v + 3] << 6);
  }
}

const q4_0: RepackBlock = (source, at, [quants, scales], block) => {
  copyWords(source, at + 2, quants.words, 4 * block, 4);
  scales.halves[block] = source.getUint16(at, true);
};

const q4_1: RepackBlock = (source, at, [quants, scales], block) => {
  copyWords(source, at + 4, quants.words, 4 * block, 4);
  scales.words[block] = source.getUint32(at, true);
};

const q5_0: RepackBlock = (source, at, [quants, fifths, scales], block) => {
  copyWords(source, at + 6, quants.words, 4 * block, 4);
  fifths.words[block] = spreadBits(source.getUint32(at + 2, true));
  scales.halves[block] = source.getUint16(at, true);
};

const q5_1: RepackBlock = (source, at, [quants, fifths, scales], block) => {
  copyWords(source, at + 8, quants.words, 4 * block, 4);
  fifths.words[block] = spreadBits(source.getUint32(at + 4, true));
  scales.words[block] = source.getUint32(at, true);
};

const q8_0: RepackBlock = (source, at, [quants, scales], block) => {
  copyWords(source, at + 2, quants.words, 8 * block, 8);
  scales.halves[block] = source.getUint16(at, true);
};

/** The two-bit plane of Q2_K and Q3_K: 64 bytes, group g in bits 2 (g & 3) of bytes 32 (g >> 2) … */
function twoBits(source: DataView, at: number, target: Uint32Array, block: number): void {
  for (let g = 0; g < 8; g++) {
    const from = at + 32 * (g >> 2), shift = 2 * (g & 3);
    for (let w = 0; w < 8; w++) words8[w] = (source.getUint32(from + 4 * w, true) >>> shift) & 0x0303_0303;
    packPairs(words8, target, 2 * (8 * block + g));
  }
}

/** A plane of one bit: group g in bit g of 32 bytes. */
function oneBit(source: DataView, at: number, target: Uint32Array, block: number): void {
  for (let g = 0; g < 8; g++) {
    let bits = 0;
    for (let w = 0; w < 8; w++) {
      bits |= ((source.getUint32(at + 4 * w, true) >>> g) & 0x0101_0101) << w;
    }
    target[8 * block + g] = bits;
  }
}

const q2_k: RepackBlock = (source, at, [quants, scales, d], block) => {
  twoBits(source, at + 16, quants.words, block);
  copyWords(source, at, scales.words, 4 * block, 4);
  d.words[block] = source.getUint32(at + 80, true);
};

const q3_k: RepackBlock = (source, at, [quants, thirds, scales, d], block) => {
  twoBits(source, at + 32, quants.words, block);
  oneBit(source, at, thirds.words, block);
  for (let j = 0; j < 16; j++) scales.bytes[16 * block + j] = q3kScale(source, at + 96, j);
  d.halves[block] = source.getUint16(at + 108, true);
};

/** The nibbles of Q4_K and Q5_K: 32 bytes hold two groups, the first in their low halves. */
function twoGroups(source: DataView, at: number, target: Uint32Array, block: number): void {
  for (let pair = 0; pair < 4; pair++) {
    const from = at + 32 * pair, to = 4 * (8 * block + 2 * pair);
    for (let w = 0; w < 4; w++) {
      const a = source.getUint32(from + 4 * w, true), b = source.getUint32(from + 16 + 4 * w, true);
      target[to + w] = (a & low) | ((b & low) << 4);
      target[to + 4 + w] = ((a >>> 4) & low) | (b & ~low);
    }
  }
}

const q4_k: RepackBlock = (source, at, [quants, header], block) => {
  copyWords(source, at, header.words, 4 * block, 4);
  twoGroups(source, at + 16, quants.words, block);
};

const q5_k: RepackBlock = (source, at, [quants, fifths, header], block) => {
  copyWords(source, at, header.words, 4 * block, 4);
  oneBit(source, at + 16, fifths.words, block);
  twoGroups(source, at + 48, quants.words, block);
};

const q6_k: RepackBlock = (source, at, [quants, uppers, scales, d], block) => {
  for (let g = 0; g < 8; g++) {
    const lower = at + 64 * (g >> 2) + 32 * (g & 1), shift = 4 * ((g >> 1) & 1);
    for (let w = 0; w < 8; w++) words8[w] = (source.getUint32(lower + 4 * w, true) >>> shift) & low;
    packNibbles(words8, quants.words, 4 * (8 * block + g));
    const upper = at + 128 + 32 * (g >> 2), upperShift = 2 * (g & 3);
    for (let w = 0; w < 8; w++) {
      words8[w] = (source.getUint32(upper + 4 * w, true) >>> upperShift) & 0x0303_0303;
    }
    packPairs(words8, uppers.words, 2 * (8 * block + g));
  }
  copyWords(source, at + 192, scales.words, 4 * block, 4);
  d.halves[block] = source.getUint16(at + 208, true);
};

const iq4_xs: RepackBlock = (source, at, [quants, scales, d], block) => {
  copyWords(source, at + 8, quants.words, 32 * block, 32);
  for (let j = 0; j < 8; j++) scales.bytes[8 * block + j] = iq4xsScale(source, at, j);
  d.halves[block] = source.getUint16(at, true);
};

const mxfp4: RepackBlock = (source, at, [quants, exponents], block) => {
  copyWords(source, at + 1, quants.words, 4 * block, 4);
  exponents.bytes[block] = source.getUint8(at);
};

const repackers: Partial<Record<WeightType, RepackBlock>> = {
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
  IQ4_NL: q4_0,
  IQ4_XS: iq4_xs,
  MXFP4: mxfp4,
};
