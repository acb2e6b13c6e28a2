/** Writes ONNX models: protobuf messages as onnx.proto3 numbers them, nothing more than tests need. */
import { joined } from "../../core/format/bytes.ts";

/** FLOAT 1, UINT8 2, INT64 7, BOOL 9 in TensorProto.DataType. */
const types = { float: 1, uint8: 2, int64: 7 } as const;

export interface Initializer {
  name: string;
  dims: number[];
  data: Float32Array | BigInt64Array | Uint8Array;
}

export interface Attributes {
  [name: string]: number | number[] | { float: number };
}

export interface Port {
  name: string;
  type: keyof typeof types;
  /** A text stands for a size that is known when the graph runs. */
  dims: (number | string)[];
}

interface Node {
  op: string;
  /** "" is ONNX's own; "com.microsoft" what onnxruntime adds. */
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Attributes;
}

/** A graph that grows by one operation a call; each call gives the name of the result. */
export class OnnxGraph {
  readonly inputs: Port[] = [];
  readonly outputs: Port[] = [];
  readonly initializers: Initializer[] = [];
  readonly #nodes: Node[] = [];
  #names = 0;

  op(op: string, inputs: string[], attributes: Attributes = {}, domain = ""): string {
    const output = `${op}_${this.#names++}`;
    this.#nodes.push({ op, domain, inputs, outputs: [output], attributes });
    return output;
  }

  /** The same value under a name of the caller's choice. */
  name(value: string, name: string): string {
    this.#nodes.push({ op: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
    return name;
  }

  floats(name: string, dims: number[], data: Float32Array): string {
    this.initializers.push({ name, dims, data });
    return name;
  }

  bytes(name: string, dims: number[], data: Uint8Array): string {
    this.initializers.push({ name, dims, data });
    return name;
  }

  /** A constant of whole numbers: a list, or a single one without dimensions. */
  ints(values: number[] | number): string {
    const name = `ints_${this.#names++}`;
    const list = Array.isArray(values) ? values : [values];
    const dims = Array.isArray(values) ? [list.length] : [];
    this.initializers.push({ name, dims, data: BigInt64Array.from(list, BigInt) });
    return name;
  }

  float(value: number): string {
    return this.floats(`float_${this.#names++}`, [], Float32Array.of(value));
  }

  /** The file; `external` takes the weights of 1 kB and more into a file of that name, given beside it. */
  write(external?: string): { graph: Uint8Array<ArrayBuffer>; data: Uint8Array[] } {
    const data: Uint8Array[] = [];
    let offset = 0;
    const tensors = this.initializers.map((tensor) => {
      const bytes = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
      if (external === undefined || bytes.length < 1024) return initializer(tensor, bytes);
      const place = { location: external, offset: String(offset), length: String(bytes.length) };
      data.push(bytes);
      offset += bytes.length;
      return initializer(tensor, undefined, place);
    });
    const graph = message(
      ...this.#nodes.map((node, i) => field(1, encodeNode(node, i))),
      field(2, text("graph")),
      ...tensors.map((tensor) => field(5, tensor)),
      ...this.inputs.map((port) => field(11, encodePort(port))),
      ...this.outputs.map((port) => field(12, encodePort(port))),
    );
    const opset = message(field(1, text("")), number(2, 17));
    const domains = new Set(this.#nodes.map(({ domain }) => domain).filter((domain) => domain !== ""));
    const others = [...domains].map((domain) => field(8, message(field(1, text(domain)), number(2, 1))));
    const model = message(
      number(1, 8),
      field(8, opset),
      ...others,
      field(2, text("skiff tests")),
      field(7, graph),
    );
    return { graph: model, data };
  }
}

function initializer(
  { name, dims, data }: Initializer,
  bytes?: Uint8Array,
  place?: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  return message(
    ...dims.map((size) => number(1, size)),
    number(2, dataType(data)),
    field(8, text(name)),
    ...(bytes ? [field(9, bytes)] : []),
    ...Object.entries(place ?? {}).map(([key, value]) =>
      field(13, message(field(1, text(key)), field(2, text(value))))
    ),
    ...(place ? [number(14, 1)] : []),
  );
}

function dataType(data: Initializer["data"]): number {
  if (data instanceof Float32Array) return types.float;
  return data instanceof Uint8Array ? types.uint8 : types.int64;
}

function encodeNode({ op, domain, inputs, outputs, attributes }: Node, index: number): Uint8Array {
  return message(
    ...inputs.map((name) => field(1, text(name))),
    ...outputs.map((name) => field(2, text(name))),
    field(3, text(`n${index}`)),
    field(4, text(op)),
    ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
    ...(domain === "" ? [] : [field(7, text(domain))]),
  );
}

function attribute(name: string, value: Attributes[string]): Uint8Array {
  if (typeof value === "number") return message(field(1, text(name)), number(3, value), number(20, 2));
  if (Array.isArray(value)) {
    return message(field(1, text(name)), ...value.map((one) => number(8, one)), number(20, 7));
  }
  const bytes = new Uint8Array(Float32Array.of(value.float).buffer);
  return message(field(1, text(name)), Uint8Array.of(2 << 3 | 5), bytes, number(20, 1));
}

function encodePort({ name, type, dims }: Port): Uint8Array {
  const shape = message(
    ...dims.map((size) =>
      field(1, typeof size === "number" ? message(number(1, size)) : message(field(2, text(size))))
    ),
  );
  const tensor = message(number(1, types[type]), field(2, shape));
  return message(field(1, text(name)), field(2, message(field(1, tensor))));
}

const encoder = new TextEncoder();
const text = (value: string) => encoder.encode(value);

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

function number(index: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(index << 3), ...varint(value)]);
}

function field(index: number, content: Uint8Array): Uint8Array {
  return joined([Uint8Array.from([...varint(index << 3 | 2), ...varint(content.length)]), content]);
}

const message = (...fields: Uint8Array[]) => joined(fields);
