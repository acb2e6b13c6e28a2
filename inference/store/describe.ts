/** What a GGUF file says about itself, as the settings of a stored model. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { binarySize, countOf } from "../../core/format/byte_size.ts";
import type { ModelConfig } from "./model.ts";

/** Reads the header of the (first) weights file. Throws "corrupt" when it is no GGUF file. */
export async function describeGguf(path: string): Promise<ModelConfig> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const header = new Uint8Array(Math.min(size, 32 * 1024 * 1024));
  let filled = 0;
  for (let n; filled < header.length && (n = await file.read(header.subarray(filled))) !== null;) filled += n;
  try {
    return configOf(header, size);
  } catch (error) {
    if (error instanceof SkiffError) throw error;
    throw new SkiffError("corrupt", `Cannot read ${path}: its header is damaged`, { cause: error });
  }
}

function configOf(header: Uint8Array, fileSize: number): ModelConfig {
  const view = new DataView(header.buffer);
  let at = 24;
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const text = () => {
    const length = u64();
    return new TextDecoder().decode(header.subarray(at, at += length));
  };
  const readers: Record<number, () => unknown> = {
    0: () => view.getUint8(at++),
    1: () => view.getInt8(at++),
    2: () => view.getUint16((at += 2) - 2, true),
    3: () => view.getInt16((at += 2) - 2, true),
    4: u32,
    5: () => view.getInt32((at += 4) - 4, true),
    6: () => view.getFloat32((at += 4) - 4, true),
    7: () => view.getUint8(at++) !== 0,
    8: text,
    9: () => {
      const type = u32();
      return Array.from({ length: u64() }, () => readers[type]());
    },
    10: u64,
    11: () => Number(view.getBigInt64((at += 8) - 8, true)),
    12: () => view.getFloat64((at += 8) - 8, true),
  };
  if (view.getUint32(0, true) !== 0x46554747) throw new SkiffError("corrupt", "The file is no GGUF file");
  const tensors = Number(view.getBigUint64(8, true));
  const values = new Map<string, unknown>();
  for (let left = Number(view.getBigUint64(16, true)); left > 0; left--) values.set(text(), readers[u32()]());
  let parameters = 0;
  for (let i = 0; i < tensors; i++) {
    text();
    let elements = 1;
    for (let dimensions = u32(); dimensions > 0; dimensions--) elements *= u64();
    parameters += elements;
    at += 12;
  }
  const architecture = String(values.get("general.architecture") ?? "");
  const context = values.get(`${architecture}.context_length`);
  const shown = [...values].filter(([, value]) => !Array.isArray(value) || value.length <= 50);
  return {
    format: "gguf",
    quantization: fileTypes[Number(values.get("general.file_type"))] ?? "unknown",
    parameters: countOf(parameters),
    architecture,
    size: binarySize(fileSize - at),
    ...(typeof context === "number" ? { context_size: context } : {}),
    gguf: Object.fromEntries(shown.map(([key, value]) => [key, String(value)])),
  };
}

const fileTypes: Record<number, string> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  7: "Q8_0",
  8: "Q5_0",
  9: "Q5_1",
  10: "Q2_K",
  11: "Q3_K_S",
  12: "Q3_K_M",
  13: "Q3_K_L",
  14: "Q4_K_S",
  15: "Q4_K_M",
  16: "Q5_K_S",
  17: "Q5_K_M",
  18: "Q6_K",
  32: "BF16",
};
