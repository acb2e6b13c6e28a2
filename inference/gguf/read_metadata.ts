/** Reads one metadata value; every allocation is bounded by the bytes that are really there. */
import type { HeaderCursor } from "./header_cursor.ts";
import {
  type MetadataEntry,
  type MetadataValue,
  type NestedArray,
  type NumericArray,
  type ValueType,
  valueTypes,
} from "./metadata.ts";
import type { StringArray } from "./string_array.ts";
import { StringArrayBuilder } from "./string_array_builder.ts";
import { malformedUtf8 } from "./utf8.ts";

/** The format's own limit. */
const longestKey = 65535;
/** The format allows arrays of arrays; no known file goes beyond two. */
const deepestNesting = 8;

const scalarBytes: Record<Exclude<ValueType, "string" | "array">, number> = {
  u8: 1,
  i8: 1,
  bool: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  u64: 8,
  i64: 8,
  f64: 8,
};

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** `count` key-value pairs from the cursor on. */
export async function readMetadata(cursor: HeaderCursor, count: number): Promise<Map<string, MetadataEntry>> {
  const entries = new Map<string, MetadataEntry>();
  for (let i = 0; i < count; i++) {
    const start = cursor.offset;
    const key = await readString(cursor, "a metadata key", longestKey);
    if (key === "") cursor.fail("a metadata key is empty", start);
    if (entries.has(key)) cursor.fail(`it has the metadata key ${show(key)} twice`, start);
    await cursor.need(4);
    const type = valueType(cursor);
    const offset = cursor.offset;
    const read = await readValue(cursor, type, 0);
    entries.set(key, { ...read, offset });
  }
  return entries;
}

/** One string with its length in front. `what` names it in errors. */
export async function readString(cursor: HeaderCursor, what: string, longest = Infinity): Promise<string> {
  await cursor.need(8);
  const start = cursor.offset;
  const length = cursor.size(`the length of ${what}`);
  if (length > longest) cursor.fail(`${what} is ${length} bytes long`, start);
  await cursor.need(length);
  const bytes = cursor.bytes(length);
  const bad = malformedUtf8(bytes);
  if (bad >= 0) cursor.fail(`${what} is not UTF-8`, start + 8 + bad);
  return utf8.decode(bytes);
}

function valueType(cursor: HeaderCursor): ValueType {
  const start = cursor.offset;
  const number = cursor.u32();
  return valueTypes[number] ?? cursor.fail(`metadata has the unknown value type ${number}`, start);
}

async function readValue(
  cursor: HeaderCursor,
  type: ValueType,
  depth: number,
): Promise<{ type: string; value: MetadataValue }> {
  if (type === "string") return { type, value: await readString(cursor, "a metadata string") };
  if (type === "array") return await readArray(cursor, depth);
  const bytes = scalarBytes[type];
  await cursor.need(bytes);
  if (type === "bool") {
    const byte = cursor.u8();
    if (byte > 1) cursor.fail(`a boolean is ${byte}`, cursor.offset - 1);
    return { type, value: byte === 1 };
  }
  return { type, value: scalar(cursor.view(bytes), type) };
}

function scalar(view: DataView, type: Exclude<ValueType, "string" | "array" | "bool">): number | bigint {
  switch (type) {
    case "u8":
      return view.getUint8(0);
    case "i8":
      return view.getInt8(0);
    case "u16":
      return view.getUint16(0, true);
    case "i16":
      return view.getInt16(0, true);
    case "u32":
      return view.getUint32(0, true);
    case "i32":
      return view.getInt32(0, true);
    case "f32":
      return view.getFloat32(0, true);
    case "f64":
      return view.getFloat64(0, true);
    case "u64":
      return numberIfExact(view.getBigUint64(0, true));
    case "i64":
      return numberIfExact(view.getBigInt64(0, true));
  }
}

function numberIfExact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

async function readArray(
  cursor: HeaderCursor,
  depth: number,
): Promise<{ type: string; value: StringArray | NumericArray | NestedArray }> {
  await cursor.need(12);
  const start = cursor.offset;
  if (depth >= deepestNesting) cursor.fail(`arrays are nested deeper than ${deepestNesting}`, start);
  const element = valueType(cursor);
  const count = cursor.size("the length of an array");
  // The least that an element takes: a string its length, an array its type and length.
  const least = element === "string" ? 8 : element === "array" ? 12 : scalarBytes[element];
  if (count * least > cursor.remaining) {
    cursor.fail(`an array of ${count} elements does not fit in the file`, start + 4);
  }
  if (element === "string") return { type: "string[]", value: await readStrings(cursor, count) };
  if (element === "array") return await readNested(cursor, count, depth);
  return { type: `${element}[]`, value: await readNumbers(cursor, element, count) };
}

async function readNested(cursor: HeaderCursor, count: number, depth: number) {
  const value: NestedArray = [];
  let type = "[]";
  for (let i = 0; i < count; i++) {
    const inner = await readArray(cursor, depth + 1);
    type = inner.type;
    value.push(inner.value);
  }
  return { type: `${type}[]`, value };
}

async function readStrings(cursor: HeaderCursor, count: number): Promise<StringArray> {
  const builder = new StringArrayBuilder(count);
  while (builder.taken < count) {
    const { used, malformed } = builder.take(cursor.window());
    if (malformed !== undefined) {
      cursor.fail(`string ${builder.taken} of an array is not UTF-8`, cursor.offset + malformed);
    }
    cursor.bytes(used);
    if (builder.taken === count) break;
    // The window ends inside the next string: its length tells how much is needed.
    await cursor.need(8);
    await cursor.need(8 + cursor.peekSize("the length of a string"));
  }
  return builder.done();
}

async function readNumbers(
  cursor: HeaderCursor,
  type: Exclude<ValueType, "string" | "array">,
  count: number,
): Promise<NumericArray> {
  const length = count * scalarBytes[type];
  await cursor.need(length);
  const start = cursor.offset;
  // A copy, which is also aligned. Every platform that Deno runs on is little-endian.
  const { buffer } = cursor.bytes(length).slice();
  switch (type) {
    case "bool": {
      const flags = new Uint8Array(buffer);
      const bad = flags.findIndex((flag) => flag > 1);
      if (bad >= 0) cursor.fail(`a boolean is ${flags[bad]}`, start + bad);
      return flags;
    }
    case "u8":
      return new Uint8Array(buffer);
    case "i8":
      return new Int8Array(buffer);
    case "u16":
      return new Uint16Array(buffer);
    case "i16":
      return new Int16Array(buffer);
    case "u32":
      return new Uint32Array(buffer);
    case "i32":
      return new Int32Array(buffer);
    case "f32":
      return new Float32Array(buffer);
    case "f64":
      return new Float64Array(buffer);
    case "u64":
      return new BigUint64Array(buffer);
    case "i64":
      return new BigInt64Array(buffer);
  }
}

/** A name out of a file, fit for an error message. */
export function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
