/** A model's tensors from its files to the GPU: matrices through `WeightUpload`, vectors as floats in one buffer. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { type FileSource, fileSource, type Gguf, type GgufTensor } from "../../../gguf/mod.ts";
import type { Arena } from "../device/arena.ts";
import type { BufferRange } from "../device/dispatch.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import type { PassPlan, PlannedMatrix, TensorRows } from "../graph/plan.ts";
import { type RowSource, WeightUpload } from "../weights/upload.ts";
import type { WeightMatrix } from "../weights/weight_matrix.ts";

/** The open files of a model; a split one has several. */
export class TensorFiles implements AsyncDisposable {
  readonly #files = new Map<string, FileSource>();

  /** @throws {SkiffError} "not_found" */
  static async open(gguf: Gguf): Promise<TensorFiles> {
    const files = new TensorFiles();
    for (const { path } of gguf.files) files.#files.set(path, await fileSource(path));
    return files;
  }

  /** Bytes of a tensor. @throws {SkiffError} "corrupt" when the file has become shorter. */
  async read(tensor: GgufTensor, offset = 0, length = tensor.byteLength): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    const got = await this.#files.get(tensor.file)!.read(tensor.offset + offset, bytes);
    if (got === length) return bytes;
    throw new SkiffError("corrupt", `${tensor.file} ends within tensor ${tensor.name}`, {
      hint: "It was cut short after it was opened; pull the model again.",
    });
  }

  /** A tensor of floats as F32. */
  async floats(tensor: GgufTensor): Promise<Float32Array> {
    const { buffer } = await this.read(tensor);
    if (tensor.type.name === "F32") return new Float32Array(buffer);
    if (tensor.type.name === "F16") return Float32Array.from(new Float16Array(buffer));
    return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files.values()) file.close();
    return Promise.resolve();
  }
}

/** Uploads all matrices of a plan; `onProgress` is given the part that is done. */
export async function loadMatrices(
  gpu: GpuDevice,
  arena: Arena,
  plan: PassPlan,
  files: TensorFiles,
  onProgress: (fraction: number) => void = () => {},
): Promise<Map<PlannedMatrix, WeightMatrix>> {
  const upload = new WeightUpload(gpu, arena);
  const total = plan.uploads.flatMap(({ sources }) => sources).reduce((sum, part) => sum + bytesOf(part), 0);
  const matrices = new Map<PlannedMatrix, WeightMatrix>();
  let done = 0;
  for (const planned of plan.uploads) {
    const { name, type, columns, order, experts } = planned;
    const sources = planned.sources.map((rows) => rowSource(rows, files));
    const onBytes = (bytes: number) => onProgress(Math.min(1, (done += bytes) / total));
    matrices.set(planned, await upload.matrix({ name, type, columns, order, experts, sources, onBytes }));
  }
  await gpu.drain();
  return matrices;
}

function rowBytes({ type, shape }: GgufTensor): number {
  return shape[0] / type.blockSize * type.blockBytes;
}

function bytesOf({ tensor, rows }: TensorRows): number {
  return rows * rowBytes(tensor);
}

function rowSource({ tensor, from, rows }: TensorRows, files: TensorFiles): RowSource {
  const bytes = rowBytes(tensor);
  return { rows, read: (first, count) => files.read(tensor, (from + first) * bytes, count * bytes) };
}

/** All vectors of a plan as floats, where it says. */
export async function loadVectors(gpu: GpuDevice, plan: PassPlan, files: TensorFiles): Promise<BufferRange> {
  const all = new Float32Array(Math.max(4, plan.vectorFloats));
  for (const { offset, sources } of plan.vectors) {
    for (const { vector, from, count, first, stride } of sources) {
      const values = await files.floats(vector.tensor);
      for (let i = 0; i < count; i++) all[offset + first + i * stride] = values[from + i];
    }
  }
  const range = await gpu.buffer(all.byteLength, "vectors");
  gpu.write(range, all);
  return range;
}
