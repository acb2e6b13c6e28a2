/** The data of a tensor, by ranges. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { fileSource } from "./byte_source.ts";
import { corruptAt } from "./header_cursor.ts";
import type { Gguf } from "./open_gguf.ts";
import type { GgufTensor } from "./read_gguf.ts";

/** Bytes of a tensor; the whole of it by default. */
export interface TensorRange {
  start?: number;
  length?: number;
}

/** The tensor of that name. @throws {SkiffError} "corrupt" when the model lacks it. */
export function findTensor(gguf: Gguf, name: string): GgufTensor {
  const tensor = gguf.tensors.find((candidate) => candidate.name === name);
  if (tensor) return tensor;
  throw new SkiffError("corrupt", `${gguf.path} has no tensor ${name}`, {
    hint: "The file is not a whole model of its architecture.",
    details: { path: gguf.path, tensor: name },
  });
}

/**
 * The bytes of a tensor, or a range of them, in the layout of its type.
 * @throws {SkiffError} "corrupt" when the file has become shorter, "internal" for a range outside the tensor.
 */
export async function readTensor(tensor: GgufTensor, range: TensorRange = {}): Promise<Uint8Array> {
  const start = range.start ?? 0;
  const length = range.length ?? tensor.byteLength - start;
  if (start < 0 || length < 0 || start + length > tensor.byteLength) {
    throw new SkiffError("internal", `Bytes ${start}+${length} lie outside tensor ${tensor.name}`);
  }
  const bytes = new Uint8Array(length);
  await using source = await fileSource(tensor.file);
  const got = await source.read(tensor.offset + start, bytes);
  if (got < length) {
    throw corruptAt(tensor.file, tensor.offset + start + got, `tensor ${tensor.name} is cut off`);
  }
  return bytes;
}
