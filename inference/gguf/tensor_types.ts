/**
 * ggml's tensor types as they stand in files: id, name, elements a block, bytes a block.
 * Source: ggml.h and ggml-common.h of llama.cpp 0.5/0.6. Ids that ggml took out of use are in
 * `removedTensorTypes`.
 */

export interface TensorType {
  id: number;
  name: TensorTypeName;
  /** Elements that are packed together; a row is a whole number of blocks. */
  blockSize: number;
  /** Bytes of one block. */
  blockBytes: number;
}

// deno-fmt-ignore
const rows = [
  [0, "F32", 1, 4], [1, "F16", 1, 2], [30, "BF16", 1, 2], [28, "F64", 1, 8],
  [24, "I8", 1, 1], [25, "I16", 1, 2], [26, "I32", 1, 4], [27, "I64", 1, 8],
  [2, "Q4_0", 32, 18], [3, "Q4_1", 32, 20], [6, "Q5_0", 32, 22], [7, "Q5_1", 32, 24],
  [8, "Q8_0", 32, 34], [9, "Q8_1", 32, 36],
  [10, "Q2_K", 256, 84], [11, "Q3_K", 256, 110], [12, "Q4_K", 256, 144], [13, "Q5_K", 256, 176],
  [14, "Q6_K", 256, 210], [15, "Q8_K", 256, 292],
  [16, "IQ2_XXS", 256, 66], [17, "IQ2_XS", 256, 74], [22, "IQ2_S", 256, 82],
  [18, "IQ3_XXS", 256, 98], [21, "IQ3_S", 256, 110],
  [19, "IQ1_S", 256, 50], [29, "IQ1_M", 256, 56],
  [20, "IQ4_NL", 32, 18], [23, "IQ4_XS", 256, 136],
  [34, "TQ1_0", 256, 54], [35, "TQ2_0", 256, 66],
  [39, "MXFP4", 32, 17], [40, "NVFP4", 64, 36],
  [41, "Q1_0", 128, 18], [42, "Q2_0", 64, 18],
] as const;

export type TensorTypeName = typeof rows[number][1];

/** Every type that a file may hold. */
export const tensorTypes: readonly TensorType[] = rows.map(([id, name, blockSize, blockBytes]) => ({
  id,
  name,
  blockSize,
  blockBytes,
}));

/** Types that old files used and that nothing reads any more. */
export const removedTensorTypes: ReadonlyMap<number, string> = new Map([
  [4, "Q4_2"],
  [5, "Q4_3"],
  [31, "Q4_0_4_4"],
  [32, "Q4_0_4_8"],
  [33, "Q4_0_8_8"],
  [36, "IQ4_NL_4_4"],
  [37, "IQ4_NL_4_8"],
  [38, "IQ4_NL_8_8"],
]);

const byId = new Map(tensorTypes.map((type) => [type.id, type]));
const byName = new Map<string, TensorType>(tensorTypes.map((type) => [type.name, type]));

/** The type with ggml's number; undefined for a number that is unknown or no longer used. */
export function tensorTypeById(id: number): TensorType | undefined {
  return byId.get(id);
}

/** The type with ggml's name ("Q4_K"); letter case does not matter. */
export function tensorType(name: string): TensorType | undefined {
  return byName.get(name.toUpperCase());
}

/** Bytes of `elements` values stored one after another; `elements` is a multiple of the block. */
export function tensorBytes(type: TensorType, elements: number): number {
  return elements / type.blockSize * type.blockBytes;
}
