/** Writes GGUF files from plain data, for tests. */
import { tensorBytes, tensorType, type TensorTypeName } from "../../inference/gguf/tensor_types.ts";

const typeNumbers = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;
type ScalarType = Exclude<keyof typeof typeNumbers, "array">;

/** A value whose type is not to be inferred; `value` is an array of that type where `array` is set. */
export class Typed {
  constructor(readonly type: ScalarType, readonly value: unknown, readonly array = false) {}
}
export const f32 = (value: number) => new Typed("f32", value);
export const u64 = (value: bigint) => new Typed("u64", value);
export const i32s = (values: number[]) => new Typed("i32", values, true);
export const f32s = (values: number[]) => new Typed("f32", values, true);
export const bools = (values: boolean[]) => new Typed("bool", values, true);

/**
 * Integers become u32 (i32 when negative), other numbers f32, bigint u64; arrays take the type of their
 * elements, number arrays i32 or f32; arrays of arrays nest.
 */
export type PlainValue = string | number | bigint | boolean | Typed | PlainValue[];

export interface PlainTensor {
  name: string;
  type: TensorTypeName;
  /** The contiguous dimension first. */
  shape: number[];
  /** Zeroes when left out; "hole": described, and left to the caller to add. */
  data?: Uint8Array | "hole";
}

export interface PlainGguf {
  metadata: Record<string, PlainValue>;
  tensors?: PlainTensor[];
  version?: number;
  alignment?: number;
}

/** The bytes of a GGUF file. */
export function writeGguf(
  { metadata, tensors = [], version = 3, alignment }: PlainGguf,
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  const entries = Object.entries(metadata);
  if (alignment !== undefined) entries.push(["general.alignment", alignment]);
  out.u32(0x46554747);
  out.u32(version);
  out.u64(tensors.length);
  out.u64(entries.length);
  for (const [key, value] of entries) {
    out.string(key);
    writeValue(out, value);
  }
  const multiple = alignment ?? 32;
  let offset = 0;
  const sizes = tensors.map(({ name, type, shape }) => {
    const bytes = tensorBytes(tensorType(type)!, shape.reduce((product, n) => product * n, 1));
    out.string(name);
    out.u32(shape.length);
    shape.forEach((n) => out.u64(n));
    out.u32(tensorType(type)!.id);
    out.u64(offset);
    offset += Math.ceil(bytes / multiple) * multiple;
    return bytes;
  });
  tensors.forEach(({ name, data }, i) => {
    if (data === "hole") return;
    if (data && data.length !== sizes[i]) {
      throw new Error(`${name} has ${data.length} bytes, not ${sizes[i]}`);
    }
    out.align(multiple);
    out.bytes(data ?? new Uint8Array(sizes[i]));
  });
  out.align(multiple);
  return out.done();
}

function writeValue(out: ByteWriter, value: PlainValue): void {
  if (Array.isArray(value) || value instanceof Typed && value.array) {
    out.u32(typeNumbers.array);
    writeArray(out, value);
    return;
  }
  const { type, value: plain } = typed(value);
  out.u32(typeNumbers[type]);
  writeScalar(out, type, plain);
}

function writeArray(out: ByteWriter, value: PlainValue[] | Typed): void {
  const elements = (value instanceof Typed ? value.value : value) as PlainValue[];
  if (Array.isArray(elements[0])) {
    out.u32(typeNumbers.array);
    out.u64(elements.length);
    elements.forEach((inner) => writeArray(out, inner as PlainValue[]));
    return;
  }
  const type = value instanceof Typed ? value.type : elementType(elements);
  out.u32(typeNumbers[type]);
  out.u64(elements.length);
  elements.forEach((element) => writeScalar(out, type, element));
}

function elementType(elements: PlainValue[]): ScalarType {
  if (elements.every((element) => typeof element === "number")) {
    return elements.every(Number.isInteger) ? "i32" : "f32";
  }
  return typed(elements[0]).type;
}

function typed(value: PlainValue): Typed {
  if (value instanceof Typed) return value;
  if (typeof value === "string") return new Typed("string", value);
  if (typeof value === "boolean") return new Typed("bool", value);
  if (typeof value === "bigint") return new Typed("u64", value);
  if (!Number.isInteger(value)) return new Typed("f32", value);
  return new Typed((value as number) < 0 ? "i32" : "u32", value);
}

function writeScalar(out: ByteWriter, type: ScalarType, value: unknown): void {
  if (type === "string") return out.string(value as string);
  if (type === "bool") return out.bytes(new Uint8Array([value ? 1 : 0]));
  const number = Number(value);
  const view = new DataView(new ArrayBuffer(8));
  const set: Record<Exclude<ScalarType, "string" | "bool">, [bytes: number, set: () => void]> = {
    u8: [1, () => view.setUint8(0, number)],
    i8: [1, () => view.setInt8(0, number)],
    u16: [2, () => view.setUint16(0, number, true)],
    i16: [2, () => view.setInt16(0, number, true)],
    u32: [4, () => view.setUint32(0, number, true)],
    i32: [4, () => view.setInt32(0, number, true)],
    f32: [4, () => view.setFloat32(0, number, true)],
    f64: [8, () => view.setFloat64(0, number, true)],
    u64: [8, () => view.setBigUint64(0, BigInt(value as bigint), true)],
    i64: [8, () => view.setBigInt64(0, BigInt(value as bigint), true)],
  };
  const [bytes, write] = set[type];
  write();
  out.bytes(new Uint8Array(view.buffer, 0, bytes));
}

class ByteWriter {
  #buffer = new Uint8Array(1024);
  #length = 0;

  bytes(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(end, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = end;
  }

  u32(value: number): void {
    this.bytes(new Uint8Array(new Uint32Array([value]).buffer));
  }

  u64(value: number): void {
    this.bytes(new Uint8Array(new BigUint64Array([BigInt(value)]).buffer));
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.bytes(bytes);
  }

  align(multiple: number): void {
    const missing = (multiple - this.#length % multiple) % multiple;
    this.bytes(new Uint8Array(missing));
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }
}
