export interface TinyGgufOptions {
  name?: string;
  floats?: number;
  /** One file of a split model: its place among them, counted from 0. */
  shard?: { index: number; count: number };
}

/** A GGUF v3 file as small as they get: a few metadata keys and one tensor of `floats` values. */
export function tinyGguf(
  { name = "tiny", floats = 64, shard }: TinyGgufOptions = {},
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const push = (value: bigint | number, length: number) => {
    for (let i = 0; i < length; i++) bytes.push(Number(BigInt(value) >> BigInt(8 * i) & 0xffn));
  };
  const text = (value: string) => {
    const encoded = new TextEncoder().encode(value);
    push(encoded.length, 8);
    bytes.push(...encoded);
  };
  const pair = (key: string, value: string | number) => {
    text(key);
    push(typeof value === "string" ? 8 : 4, 4);
    if (typeof value === "string") text(value);
    else push(value, 4);
  };
  push(0x46554747, 4);
  push(3, 4);
  push(1, 8);
  push(shard ? 7 : 4, 8);
  pair("general.architecture", "llama");
  pair("general.name", name);
  pair("llama.context_length", 2048);
  pair("general.file_type", 0);
  if (shard) {
    pair("split.no", shard.index);
    pair("split.count", shard.count);
    pair("split.tensors.count", shard.count);
  }
  text(shard ? `blk.${shard.index}.weight` : "output.weight");
  push(1, 4);
  push(floats, 8);
  push(0, 4); // F32
  push(0, 8);
  while (bytes.length % 32 !== 0) bytes.push(0);
  const data = new Float32Array(floats).map((_, i) => Math.fround(Math.sin(i * 12.9898) * 43758.5453 % 1));
  const all = new Uint8Array(bytes.length + data.byteLength);
  all.set(bytes);
  all.set(new Uint8Array(data.buffer), bytes.length);
  return all;
}
