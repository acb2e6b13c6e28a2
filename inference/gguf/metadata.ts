/** The key-value part of a GGUF: values with their types, and getters that check them. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { StringArray } from "./string_array.ts";

/** GGUF's value types by number. */
export const valueTypes = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "f32",
  "bool",
  "string",
  "array",
  "u64",
  "i64",
  "f64",
] as const;
export type ValueType = typeof valueTypes[number];

export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** Integers of 64 bits are bigint only where a number could not hold them. Booleans in arrays are 0 and 1. */
export type MetadataValue = string | number | bigint | boolean | StringArray | NumericArray | NestedArray;
export type NestedArray = (StringArray | NumericArray | NestedArray)[];

export interface MetadataEntry {
  /** "u32", "string", "f32[]", "i32[][]"… */
  type: string;
  value: MetadataValue;
  /** Byte in the file at which the value begins. */
  offset: number;
}

/**
 * All keys of a file, in the file's order. The typed getters give undefined for a key that is absent and
 * throw `SkiffError` "corrupt" for one of another type.
 */
export class Metadata {
  #path: string;
  #entries: ReadonlyMap<string, MetadataEntry>;

  constructor(path: string, entries: ReadonlyMap<string, MetadataEntry>) {
    this.#path = path;
    this.#entries = entries;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): MetadataValue | undefined {
    return this.#entries.get(key)?.value;
  }

  /** "u32", "string", "f32[]"… as the file has it. */
  type(key: string): string | undefined {
    return this.#entries.get(key)?.type;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  *entries(): IterableIterator<[key: string, value: MetadataValue]> {
    for (const [key, entry] of this.#entries) yield [key, entry.value];
  }

  string(key: string): string | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === "string" ? value : this.#mismatch(key, "a string");
  }

  number(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "number") return value;
    return typeof value === "bigint" ? Number(value) : this.#mismatch(key, "a number");
  }

  boolean(key: string): boolean | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === "boolean" ? value : this.#mismatch(key, "true or false");
  }

  strings(key: string): StringArray | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    return isStringArray(value) ? value : this.#mismatch(key, "an array of strings");
  }

  /** A numeric array, as the file has it; 64-bit integers become doubles, booleans are 0 and 1. */
  numbers(key: string): Exclude<NumericArray, BigUint64Array | BigInt64Array> | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (value instanceof BigUint64Array || value instanceof BigInt64Array) {
      return Float64Array.from(value as BigInt64Array, Number);
    }
    return ArrayBuffer.isView(value) ? value : this.#mismatch(key, "an array of numbers");
  }

  #mismatch(key: string, wanted: string): never {
    const { type, offset } = this.#entries.get(key)!;
    const message = `${this.#path} is damaged: ${key} must be ${wanted} and is ${type} (at byte ${offset})`;
    throw new SkiffError("corrupt", message, { details: { offset, path: this.#path, key } });
  }
}

export function isStringArray(value: MetadataValue): value is StringArray {
  return typeof value === "object" && "offsets" in value && "data" in value;
}
