/** Weights from a file to the GPU: slice by slice, repacked on the way, no second copy of a tensor in memory. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Arena } from "../device/arena.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import { partLayout, partRows } from "./layout.ts";
import { planeSlices, repackRows } from "./repack.ts";
import type { WeightMatrix, WeightPart, WeightType } from "./weight_matrix.ts";

/** Rows of a tensor (or of a part of one) as GGUF's blocks. */
export interface RowSource {
  rows: number;
  read(firstRow: number, rows: number): Promise<Uint8Array>;
}

export interface WeightRequest {
  type: WeightType;
  columns: number;
  /** "plain": the sources' rows one after another. "pairs": two sources of equal length, gate and up. */
  order?: WeightMatrix["order"];
  sources: readonly RowSource[];
  /** Matrices of a mixture that lie one after another in each source. */
  experts?: number;
  /** For messages: "blk.3.ffn_gate_exps". */
  name: string;
  /** Bytes of the file that were read since the last call. */
  onBytes?: (bytes: number) => void;
}

/** Bytes of a source that are in memory at once. */
const sliceBytes = 8 * 2 ** 20;

/** What the driver may hold of writes that were not yet carried out. */
const inFlightBytes = 256 * 2 ** 20;

/** Fills an arena with matrices, one after another. */
export class WeightUpload {
  readonly #device: GpuDevice;
  readonly #arena: Arena;
  readonly #bindingBytes: number;
  #inFlight = 0;

  /** `bindingBytes`: where a matrix is cut; the device's limit by default. */
  constructor(device: GpuDevice, arena: Arena, bindingBytes = device.limits.bindingBytes) {
    this.#device = device;
    this.#arena = arena;
    this.#bindingBytes = bindingBytes;
  }

  /**
   * Puts a matrix on the GPU.
   * @throws {SkiffError} "out_of_memory"; "unsupported" when an expert does not fit a binding; what `read` throws
   */
  async matrix(request: WeightRequest): Promise<WeightMatrix> {
    const { type, columns, sources, order = "plain", experts = 1 } = request;
    const total = sources.reduce((sum, { rows }) => sum + rows, 0);
    const cut = this.#cut(request, total, experts);
    const parts: WeightPart[] = [];
    let firstRow = 0;
    for (const rows of cut) {
      const layout = partLayout(type, rows, columns);
      const range = await this.#arena.range(layout.bytes);
      const part = { range, firstRow, rows };
      await this.#fill(part, request, order === "pairs");
      parts.push(part);
      firstRow += rows;
    }
    return { type, rows: total / experts, columns, order, experts, parts };
  }

  #cut({ type, columns, name }: WeightRequest, total: number, experts: number): number[] {
    const bindingBytes = this.#bindingBytes;
    const unit = experts > 1 ? total / experts : 64;
    if (experts > 1 && unit % 4 !== 0) {
      throw new SkiffError("unsupported", `${name} has ${unit} rows for each expert, not a multiple of 4`);
    }
    const cut = partRows(type, total, columns, bindingBytes, unit);
    if (cut.length === 0) {
      throw new SkiffError(
        "unsupported",
        `${name} does not fit what the GPU can bind (${bindingBytes} bytes)`,
        {
          hint: "Use --engine llama for this model.",
        },
      );
    }
    return cut;
  }

  async #fill(part: WeightPart, request: WeightRequest, pairs: boolean): Promise<void> {
    const { type, columns, sources, onBytes } = request;
    const layout = partLayout(type, part.rows, columns);
    const rowBytes = layout.bytes / layout.paddedRows;
    const step = Math.max(64, Math.floor(sliceBytes / rowBytes / 64) * 64);
    const slices = planeSlices(type, Math.min(step, layout.paddedRows), columns);
    for (let row = 0; row < part.rows; row += step) {
      const rows = Math.min(step, part.rows - row);
      // Rows that pad the last four are zero.
      if (rows % 4 !== 0) { for (const { bytes } of slices) bytes.fill(0); }
      const read = pairs ? readPairs : readPlain;
      const bytes = await read(sources, part.firstRow + row, rows, { type, columns }, slices);
      onBytes?.(bytes);
      await this.#write(part, layout.planes, row, Math.ceil(rows / 4) * 4, slices);
    }
  }

  async #write(
    part: WeightPart,
    planes: ReturnType<typeof partLayout>["planes"],
    row: number,
    rows: number,
    slices: ReturnType<typeof planeSlices>,
  ): Promise<void> {
    for (const [i, { offset, rowBytes }] of planes.entries()) {
      const bytes = Math.ceil(rows * rowBytes / 4) * 4;
      this.#device.write(part.range, slices[i].bytes.subarray(0, bytes), offset + row * rowBytes);
      this.#inFlight += bytes;
    }
    if (this.#inFlight < inFlightBytes) return;
    this.#inFlight = 0;
    await this.#device.drain();
  }
}

interface RowKind {
  type: WeightType;
  columns: number;
}

type Slices = ReturnType<typeof planeSlices>;

/** Reads rows [first, first + rows) of the sources laid one after another; gives the bytes read. */
async function readPlain(
  sources: readonly RowSource[],
  first: number,
  rows: number,
  { type, columns }: RowKind,
  slices: Slices,
): Promise<number> {
  let bytes = 0;
  let start = 0;
  for (const source of sources) {
    const from = Math.max(first, start), to = Math.min(first + rows, start + source.rows);
    if (from < to) {
      const data = await source.read(from - start, to - from);
      repackRows(type, data, columns, to - from, slices, { first: from - first });
      bytes += data.byteLength;
    }
    start += source.rows;
  }
  return bytes;
}

/** The same of two sources whose rows alternate; `first` and `rows` are even. */
async function readPairs(
  sources: readonly RowSource[],
  first: number,
  rows: number,
  { type, columns }: RowKind,
  slices: Slices,
): Promise<number> {
  let bytes = 0;
  for (const [i, source] of sources.entries()) {
    const data = await source.read(first / 2, rows / 2);
    repackRows(type, data, columns, rows / 2, slices, { first: i, stride: 2 });
    bytes += data.byteLength;
  }
  return bytes;
}
