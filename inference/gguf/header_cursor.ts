/** Reads little-endian values from the front of a source through a window that grows as it is needed. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ByteSource } from "./byte_source.ts";

const firstRead = 64 * 1024;
const largestRead = 4 * 1024 * 1024;

/**
 * No real header comes near this (the largest vocabularies take some 20 MB); what claims more is broken or
 * hostile, and must not cost the machine its memory.
 */
const largestHeader = 512 * 1024 * 1024;

/** The error for bytes that are not what the format says: names the file and the offset. */
export function corruptAt(path: string, offset: number, reason: string): SkiffError {
  return new SkiffError("corrupt", `${path} is damaged: ${reason} (at byte ${offset})`, {
    hint: "Pull or copy the model again.",
    details: { offset, path },
  });
}

/**
 * `need(n)` makes the next n bytes available; the getters after it are synchronous.
 */
export class HeaderCursor {
  #source: ByteSource;
  #signal?: AbortSignal;
  #window = new Uint8Array(0);
  #view = new DataView(this.#window.buffer);
  /** Offset of the window in the source. */
  #base = 0;
  /** Position in the window. */
  #at = 0;
  #nextRead = firstRead;

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Offset in the source of the next byte. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Bytes from here to the end of the source. */
  get remaining(): number {
    return this.#source.size - this.offset;
  }

  async need(count: number): Promise<void> {
    if (this.#at + count <= this.#window.length) return;
    if (count > this.remaining) {
      this.fail(`it ends where ${count} more bytes belong`, this.#source.size);
    }
    if (this.offset + count > largestHeader) this.fail(`its header is over ${largestHeader} bytes long`);
    this.#signal?.throwIfAborted();
    const size = Math.min(this.remaining, Math.max(count, this.#nextRead));
    const kept = this.#window.subarray(this.#at);
    const window = new Uint8Array(size);
    window.set(kept);
    const base = this.offset;
    const got = await this.#source.read(base + kept.length, window.subarray(kept.length));
    if (kept.length + got < count) this.fail(`it became shorter while it was read`, base + kept.length + got);
    this.#window = window.subarray(0, kept.length + got);
    this.#view = new DataView(window.buffer, 0, this.#window.length);
    this.#base = base;
    this.#at = 0;
    this.#nextRead = Math.min(largestRead, this.#nextRead * 4);
  }

  u8(): number {
    return this.#window[this.#at++];
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  /** An unsigned 64-bit count or length; fails above 2^53. `what` names it in the error. */
  size(what: string): number {
    const low = this.u32();
    const high = this.u32();
    if (high >= 0x200000) this.fail(`${what} is impossibly large`, this.offset - 8);
    return high * 0x100000000 + low;
  }

  /** The next bytes, valid until the next `need`. */
  bytes(count: number): Uint8Array {
    this.#at += count;
    return this.#window.subarray(this.#at - count, this.#at);
  }

  /** All bytes that are available without another read, valid until the next `need`. */
  window(): Uint8Array {
    return this.#window.subarray(this.#at);
  }

  /** `size` without moving on. */
  peekSize(what: string): number {
    const value = this.size(what);
    this.#at -= 8;
    return value;
  }

  /** A view of the next bytes, valid until the next `need`. */
  view(count: number): DataView {
    const { buffer, byteOffset } = this.bytes(count);
    return new DataView(buffer, byteOffset, count);
  }

  fail(reason: string, offset = this.offset): never {
    throw corruptAt(this.#source.path, offset, reason);
  }

  /** For a valid file of a kind that is not read here. */
  refuse(message: string, hint: string): never {
    throw new SkiffError("unsupported", message, { hint, details: { path: this.#source.path } });
  }
}
