/** The parser of one GGUF file: bytes in, header out. Reads nothing of the tensor data. */
import { type ByteSource, bytesSource } from "./byte_source.ts";
import { HeaderCursor } from "./header_cursor.ts";
import { Metadata, type MetadataEntry } from "./metadata.ts";
import { readMetadata, readString, show } from "./read_metadata.ts";
import { removedTensorTypes, tensorBytes, type TensorType, tensorTypeById } from "./tensor_types.ts";

export interface GgufTensor {
  name: string;
  type: TensorType;
  /** Elements by dimension, the contiguous one first. */
  shape: number[];
  /** Byte in `file` at which the data begins. */
  offset: number;
  byteLength: number;
  /** Path of the file that holds it. */
  file: string;
}

/** The header of one file. */
export interface GgufFile {
  path: string;
  /** Bytes of the whole file. */
  size: number;
  /** 2 or 3. */
  version: number;
  alignment: number;
  /** Byte at which the tensor data begins. */
  dataOffset: number;
  metadata: Metadata;
  /** In the file's order. */
  tensors: GgufTensor[];
}

const mostDimensions = 4;
const longestTensorName = 63;
const defaultAlignment = 32;
/** A key's length, a byte of key, a type, a byte of value. */
const leastMetadataBytes = 14;
/** A name's length, the number of dimensions, the type, the offset. */
const leastTensorBytes = 24;

/**
 * Reads and checks the header of one GGUF (version 2 or 3, little-endian).
 * @throws {SkiffError} "corrupt", with the offset, for anything that breaks the format; "unsupported" for
 * version 1 and for big-endian files.
 */
export async function readGguf(
  from: ByteSource | Uint8Array,
  options: { signal?: AbortSignal } = {},
): Promise<GgufFile> {
  const source = from instanceof Uint8Array ? bytesSource(from) : from;
  const cursor = new HeaderCursor(source, options.signal);
  const version = await readVersion(cursor, source);
  await cursor.need(16);
  const tensorCount = count(cursor, "the number of tensors", leastTensorBytes);
  const metadataCount = count(cursor, "the number of metadata keys", leastMetadataBytes);
  const entries = await readMetadata(cursor, metadataCount);
  const alignment = alignmentOf(cursor, entries);
  const tensors = await readTensors(cursor, tensorCount, source.path);
  const dataOffset = roundUp(cursor.offset, alignment);
  if (tensors.length > 0) place(cursor, { tensors, dataOffset, alignment, size: source.size });
  return {
    path: source.path,
    size: source.size,
    version,
    alignment,
    dataOffset,
    metadata: new Metadata(source.path, entries),
    tensors: tensors.map(({ start: _, ...tensor }) => tensor),
  };
}

/** A tensor and the byte at which its description begins, for errors. */
type Described = GgufTensor & { start: number };

async function readVersion(cursor: HeaderCursor, source: ByteSource): Promise<number> {
  if (source.size < 4) cursor.fail("it is too short for a GGUF file", 0);
  await cursor.need(4);
  if (cursor.u32() !== 0x46554747) cursor.fail("it is not a GGUF file: it does not begin with GGUF", 0);
  await cursor.need(4);
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  if ((version & 0xffff) === 0 && version !== 0) {
    cursor.refuse(`${source.path} is a big-endian GGUF`, "Use the little-endian edition of the model.");
  }
  if (version === 1) {
    cursor.refuse(`${source.path} is a GGUF of version 1`, "Use a newer edition of the model.");
  }
  if (version === 0 || version > 1000) cursor.fail(`it has the impossible GGUF version ${version}`, 4);
  return cursor.refuse(
    `${source.path} is a GGUF of version ${version}; versions 2 and 3 are known`,
    "Update skiff.",
  );
}

/** A number of things that each take at least `least` bytes of what is left. */
function count(cursor: HeaderCursor, what: string, least: number): number {
  const start = cursor.offset;
  const value = cursor.size(what);
  if (value * least > cursor.remaining) cursor.fail(`${what} is ${value}, more than fit in the file`, start);
  return value;
}

function alignmentOf(cursor: HeaderCursor, entries: Map<string, MetadataEntry>): number {
  const entry = entries.get("general.alignment");
  if (!entry) return defaultAlignment;
  const { type, value, offset } = entry;
  if (type !== "u32" || typeof value !== "number") {
    cursor.fail(`general.alignment is ${type}, not u32`, offset);
  }
  if (value === 0 || (value & (value - 1)) !== 0) {
    cursor.fail(`general.alignment is ${value}, not a power of two`, offset);
  }
  return value;
}

async function readTensors(cursor: HeaderCursor, count: number, file: string): Promise<Described[]> {
  const tensors: Described[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const start = cursor.offset;
    const name = await readString(cursor, "a tensor's name", longestTensorName);
    if (names.has(name)) cursor.fail(`it has the tensor ${show(name)} twice`, start);
    names.add(name);
    const { shape, elements } = await readShape(cursor, name);
    await cursor.need(12);
    const type = typeOf(cursor, name, shape);
    const offset = cursor.size(`the offset of tensor ${show(name)}`);
    const byteLength = tensorBytes(type, elements);
    tensors.push({ name, type, shape, offset, byteLength, file, start });
  }
  return tensors;
}

async function readShape(cursor: HeaderCursor, name: string): Promise<{ shape: number[]; elements: number }> {
  await cursor.need(4);
  const dimensions = cursor.u32();
  if (dimensions > mostDimensions) {
    cursor.fail(`tensor ${show(name)} has ${dimensions} dimensions`, cursor.offset - 4);
  }
  await cursor.need(dimensions * 8);
  const shape: number[] = [];
  let elements = 1;
  for (let i = 0; i < dimensions; i++) {
    const length = cursor.size(`a dimension of tensor ${show(name)}`);
    elements *= length;
    if (length === 0) cursor.fail(`a dimension of tensor ${show(name)} is 0`, cursor.offset - 8);
    // 2^53 / 64: the bytes of any type still count exactly.
    if (elements > 2 ** 47) cursor.fail(`tensor ${show(name)} is impossibly large`, cursor.offset - 8);
    shape.push(length);
  }
  return { shape, elements };
}

function typeOf(cursor: HeaderCursor, name: string, shape: number[]): TensorType {
  const start = cursor.offset;
  const id = cursor.u32();
  const type = tensorTypeById(id);
  if (!type) {
    const removed = removedTensorTypes.get(id);
    const what = removed ? `${removed}, which is no longer in use` : `${id}, which is unknown`;
    return cursor.fail(`tensor ${show(name)} is of type ${what}`, start);
  }
  const row = shape[0] ?? 1;
  if (row % type.blockSize !== 0) {
    cursor.fail(
      `tensor ${show(name)} has rows of ${row}, which are not whole blocks of ${type.name}`,
      start,
    );
  }
  return type;
}

interface Layout {
  tensors: Described[];
  dataOffset: number;
  alignment: number;
  size: number;
}

/** Makes offsets absolute and checks that every tensor lies in the file, aligned, on its own bytes. */
function place(cursor: HeaderCursor, { tensors, dataOffset, alignment, size }: Layout): void {
  for (const tensor of tensors) {
    if (tensor.offset % alignment !== 0) {
      const reason = `tensor ${show(tensor.name)} begins at ${tensor.offset}, not a multiple of ${alignment}`;
      cursor.fail(reason, tensor.start);
    }
    tensor.offset += dataOffset;
    const end = tensor.offset + tensor.byteLength;
    if (end > size) {
      cursor.fail(`tensor ${show(tensor.name)} ends at byte ${end} and the file at ${size}`, tensor.start);
    }
  }
  const inOrder = tensors.toSorted((a, b) => a.offset - b.offset);
  for (let i = 1; i < inOrder.length; i++) {
    const [before, tensor] = [inOrder[i - 1], inOrder[i]];
    if (before.offset + before.byteLength > tensor.offset) {
      cursor.fail(`tensors ${show(before.name)} and ${show(tensor.name)} overlap`, tensor.start);
    }
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
