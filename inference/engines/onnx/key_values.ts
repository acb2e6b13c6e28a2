/**
 * Keys and values of sequences as tensors [1, heads, positions, head dimension]. A step of the model gives new
 * tensors and leaves the old ones as they are, so that sequences with the same beginning share them.
 */
import type { Tensor, TensorData, TensorMap, Transformers } from "./transformers.ts";

/** Tensors with the number of sequences that hold them. */
export class KeyValues {
  #holders = 0;

  constructor(readonly tensors: TensorMap, readonly length: number) {}

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    for (const tensor of Object.values(this.tensors)) if (tensor.location === "gpu-buffer") tensor.dispose();
  }

  get bytes(): number {
    let sum = 0;
    for (const { dims, type } of Object.values(this.tensors)) {
      sum += dims.reduce((product, size) => product * size, 1) * (type === "float16" ? 2 : 4);
    }
    return sum;
  }
}

/** The first `length` positions, in new tensors. */
export async function firstPositions(
  { tensors }: KeyValues,
  length: number,
  { Tensor }: Pick<Transformers, "Tensor">,
): Promise<KeyValues> {
  const cut: TensorMap = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const [batch, heads, positions, width] = tensor.dims;
    const from = await tensorData(tensor);
    const to = new (from.constructor as new (length: number) => TensorData)(batch * heads * length * width);
    for (let head = 0; head < batch * heads; head++) {
      const start = head * positions * width;
      to.set(from.subarray(start, start + length * width) as never, head * length * width);
    }
    cut[name] = new Tensor(tensor.type, to, [batch, heads, length, width]);
  }
  return new KeyValues(cut, length);
}

/** A tensor's values, brought from the GPU where they lie there. */
export async function tensorData(tensor: Tensor): Promise<TensorData> {
  return tensor.location === "gpu-buffer" ? await tensor.ort_tensor.getData() : tensor.data;
}

/** Values of a float16 or float32 tensor. */
export function asFloats(data: TensorData): Float32Array {
  if (data instanceof Float32Array) return data;
  if (!(data instanceof Uint16Array)) return Float32Array.from(data as ArrayLike<number>); // Float16Array
  const floats = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) floats[i] = halfToFloat(data[i]);
  return floats;
}

/** IEEE 754 binary16. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
