/**
 * The few facts of an ONNX graph that lists show, read without reading its weights.
 * Wire format: protobuf; message numbers from onnx.proto3 (ModelProto 2 producer_name, 7 graph; GraphProto
 * 5 initializer; TensorProto 1 dims, 2 data_type, 8 name).
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export interface GraphFacts {
  /** Elements of all weights. */
  parameters: number;
  /** "pytorch", "onnx.quantize"… */
  producer?: string;
}

const uint8 = 2;
/** Scales and zero points belong to the weights that they scale. */
const auxiliary = /(_scales?|_zero_points?|_zp)$/;

/** Throws "corrupt" with the offset for what is no ONNX file or ends too early. */
export async function readGraphFacts(path: string): Promise<GraphFacts> {
  using file = await Deno.open(path);
  const reader = new ProtobufFile(file, (await file.stat()).size, path);
  const facts: GraphFacts = { parameters: 0 };
  let graphs = 0;
  for (const field of reader.fields(0, reader.size)) {
    if (field.number === 2 && field.wire === 2) facts.producer = reader.text(field);
    if (field.number !== 7 || field.wire !== 2) continue;
    graphs++;
    for (const part of reader.fields(field.from, field.to)) {
      if (part.number === 5 && part.wire === 2) facts.parameters += elements(reader, part);
    }
  }
  if (graphs !== 1) throw reader.corrupt("it holds no graph", 0);
  return facts;
}

function elements(reader: ProtobufFile, tensor: Field): number {
  const dims: number[] = [];
  let type = 0;
  let name = "";
  for (const field of reader.fields(tensor.from, tensor.to)) {
    if (field.number === 1 && field.wire === 0) dims.push(field.value);
    else if (field.number === 1 && field.wire === 2) dims.push(...reader.packed(field));
    else if (field.number === 2 && field.wire === 0) type = field.value;
    else if (field.number === 8 && field.wire === 2) name = reader.text(field);
  }
  if (auxiliary.test(name) || dims.length === 0) return 0;
  const count = dims.reduce((product, size) => product * size, 1);
  // MatMulNBits keeps two weights of 4 bits in a byte, as [rows, blocks, bytes of a block]
  return type === uint8 && dims.length === 3 ? count * 2 : count;
}

interface Field {
  number: number;
  /** 0 varint, 1 eight bytes, 2 a run of bytes, 5 four bytes. */
  wire: number;
  /** Of a varint. */
  value: number;
  /** Of a run of bytes: [from, to) in the file. */
  from: number;
  to: number;
}

const windowBytes = 64 * 1024;

/** A file read through a window that moves over it; runs of bytes are skipped, not read. */
class ProtobufFile {
  readonly #file: Deno.FsFile;
  readonly #window = new Uint8Array(windowBytes);
  #start = 0;
  #end = 0;
  #at = 0;

  constructor(file: Deno.FsFile, readonly size: number, readonly path: string) {
    this.#file = file;
  }

  corrupt(reason: string, offset: number): SkiffError {
    return new SkiffError("corrupt", `Cannot read the ONNX file: ${reason} (at byte ${offset})`, {
      hint: "Remove the model and pull it again.",
      details: { path: this.path, offset },
    });
  }

  /** The fields of the message in [from, to). A caller may read elsewhere between two of them. */
  *fields(from: number, to: number): Generator<Field> {
    for (let at = from; at < to;) {
      this.#at = at;
      const tag = this.#varint(to);
      const field: Field = { number: Math.floor(tag / 8), wire: tag % 8, value: 0, from: 0, to: 0 };
      if (field.wire === 0) field.value = this.#varint(to);
      else if (field.wire === 1) this.#at += 8;
      else if (field.wire === 5) this.#at += 4;
      else if (field.wire === 2) {
        const length = this.#varint(to);
        field.from = this.#at;
        field.to = this.#at += length;
      } else throw this.corrupt(`a field of the unknown kind ${field.wire}`, at);
      if (field.number === 0 || this.#at > to) throw this.corrupt("a field reaches past the end", at);
      at = this.#at;
      yield field;
    }
  }

  text({ from, to }: Field): string {
    if (to - from > 4096) throw this.corrupt("a name is too long", from);
    const bytes = new Uint8Array(to - from);
    this.#at = from;
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#byte();
    return new TextDecoder().decode(bytes);
  }

  *packed({ from, to }: Field): Generator<number> {
    this.#at = from;
    while (this.#at < to) {
      const value = this.#varint(to);
      const next = this.#at;
      yield value;
      this.#at = next;
    }
  }

  #varint(to: number): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 1;; shift *= 128) {
      if (this.#at >= to || this.#at - start > 9) throw this.corrupt("a number has no end", start);
      const byte = this.#byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  #byte(): number {
    if (this.#at < this.#start || this.#at >= this.#end) {
      this.#start = this.#at;
      this.#file.seekSync(this.#at, Deno.SeekMode.Start);
      this.#end = this.#at + (this.#file.readSync(this.#window) ?? 0);
      if (this.#end === this.#start) throw this.corrupt("it ends too early", this.#at);
    }
    return this.#window[this.#at++ - this.#start];
  }
}
