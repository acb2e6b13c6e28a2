/** What a model's file says of itself, as lists and API show it. */
import type { ModelConfig } from "../store/model.ts";
import { fileTypeName } from "./file_types.ts";
import { isStringArray, type Metadata, type MetadataValue } from "./metadata.ts";
import { weightBytes } from "./memory.ts";
import type { Gguf } from "./open_gguf.ts";

/** Longer arrays are left out of the metadata shown. */
const longestArrayShown = 50;

/** The facts of `inspect` and of the store's index. */
export function describeModel(gguf: Gguf): ModelConfig {
  const { metadata } = gguf;
  const architecture = metadata.string("general.architecture") ?? "unknown";
  return {
    format: "gguf",
    quantization: quantizationOf(gguf),
    parameters: formatParameters(parameterCount(gguf)),
    architecture,
    size: formatMebibytes(weightBytes(gguf)),
    context_size: metadata.number(`${architecture}.context_length`),
    gguf: metadataAsStrings(metadata),
  };
}

/** Elements of all tensors. */
export function parameterCount(gguf: Gguf): number {
  return gguf.tensors.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
}

/** `general.file_type` by name, else the type that most of the weights' bytes have. */
function quantizationOf({ metadata, tensors }: Gguf): string {
  const fileType = metadata.number("general.file_type");
  const named = fileType === undefined ? undefined : fileTypeName(fileType);
  if (named) return named;
  const bytes = new Map<string, number>();
  for (const { type, byteLength } of tensors) {
    bytes.set(type.name, (bytes.get(type.name) ?? 0) + byteLength);
  }
  return [...bytes].reduce((most, entry) => entry[1] > most[1] ? entry : most, ["unknown", 0])[0];
}

/** 134515008 -> "134.52M" */
export function formatParameters(count: number): string {
  const units: [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]];
  // The unit is chosen by the rounded figure, so that 999,999,999 is 1.00B.
  const [size, unit] = units.find(([size]) => count >= size * 0.999995) ?? [1, ""];
  return unit ? `${(count / size).toFixed(2)}${unit}` : String(count);
}

/** 96186368 -> "91.73MiB" */
export function formatMebibytes(bytes: number): string {
  const units: [number, string][] = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];
  const [size, unit] = units.find(([size]) => bytes >= size * 0.999995) ?? [1, "B"];
  return unit === "B" ? `${bytes}B` : `${(bytes / size).toFixed(2)}${unit}`;
}

function metadataAsStrings(metadata: Metadata): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [key, value] of metadata.entries()) {
    const text = asString(value, metadata.type(key)!);
    if (text !== undefined) shown[key] = text;
  }
  return shown;
}

function asString(value: MetadataValue, type: string): string | undefined {
  if (typeof value !== "object") return type === "f32" ? shortestFloat(value as number) : String(value);
  if (value.length > longestArrayShown) return undefined;
  if (isStringArray(value)) return [...value].join(", ");
  if (Array.isArray(value)) return value.map((inner) => asString(inner, "") ?? "...").join("; ");
  const items = Array.from(value as ArrayLike<number>);
  if (type === "bool[]") return items.map((flag) => String(flag !== 0)).join(", ");
  return items.map((item) => type === "f32[]" ? shortestFloat(item) : String(item)).join(", ");
}

/** The shortest decimal that is this 32-bit float: 1e-5 and not 0.000009999999747378752. */
function shortestFloat(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
