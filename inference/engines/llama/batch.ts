/** The arguments of `llama_decode` in memory that is allocated once and filled anew for each call. */
import { Struct, type StructLayout } from "./structs.ts";

export class NativeBatch {
  /** Most tokens that it holds. */
  readonly capacity: number;
  readonly #struct: Struct;
  readonly #tokens: Int32Array<ArrayBuffer>;
  readonly #positions: Int32Array<ArrayBuffer>;
  readonly #sequences: Int32Array<ArrayBuffer>;
  readonly #wanted: Int8Array<ArrayBuffer>;
  /** One sequence a token, and where its id stands. Held so that they are not collected. */
  readonly #sequenceCounts: Int32Array<ArrayBuffer>;
  readonly #sequencePointers: BigUint64Array<ArrayBuffer>;

  constructor(layout: StructLayout, capacity: number) {
    this.capacity = capacity;
    const room = Math.max(capacity, 64); // small arrays live inside V8's heap, where they move
    this.#tokens = new Int32Array(new ArrayBuffer(room * 4));
    this.#positions = new Int32Array(new ArrayBuffer(room * 4));
    this.#sequences = new Int32Array(new ArrayBuffer(room * 4));
    this.#wanted = new Int8Array(new ArrayBuffer(room));
    this.#sequenceCounts = new Int32Array(new ArrayBuffer(room * 4)).fill(1);
    this.#sequencePointers = new BigUint64Array(new ArrayBuffer(room * 8));
    const firstSequence = addressOf(this.#sequences);
    this.#sequencePointers.forEach((_, i, all) => all[i] = firstSequence + BigInt(i * 4));
    this.#struct = new Struct(layout);
    this.#struct.set("token", Deno.UnsafePointer.of(this.#tokens));
    this.#struct.set("pos", Deno.UnsafePointer.of(this.#positions));
    this.#struct.set("n_seq_id", Deno.UnsafePointer.of(this.#sequenceCounts));
    this.#struct.set("seq_id", Deno.UnsafePointer.of(this.#sequencePointers));
    this.#struct.set("logits", Deno.UnsafePointer.of(this.#wanted));
  }

  /** The struct as bytes, for a call with the first `length` tokens. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    this.#struct.set("n_tokens", length);
    return this.#struct.bytes;
  }

  put(i: number, token: number, position: number, sequence: number, wanted: number): void {
    this.#tokens[i] = token;
    this.#positions[i] = position;
    this.#sequences[i] = sequence;
    this.#wanted[i] = wanted;
  }
}

function addressOf(array: BufferSource): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(array));
}
