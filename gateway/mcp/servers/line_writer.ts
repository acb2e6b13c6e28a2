/**
 * Lines for the other side. Those of one turn, and those that come while others are written, are written at once:
 * with many requests in flight most of what a message costs is the write that carries it.
 */

import { ErrorCode, McpError } from "../sdk.ts";
import { lineTaken } from "./large_messages.ts";

/** Where bytes go; one write at a time. The writer of a `WritableStream` is one. */
export interface ByteWriter {
  /** Resolves when all bytes are taken. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Microtasks without a further line after which the turn's lines are taken to be complete. */
const quietMicrotasks = 4;
/** Characters; longer lines are not joined with others, which would copy them. */
const longLine = 256 * 1024;
/** For the other side to take what is left at the end. */
const graceMs = 1000;
const encoder = new TextEncoder();
const newline = encoder.encode("\n");

export class LineWriter {
  readonly #writer: ByteWriter;
  #lines: string[] = [];
  /** Of the lines that wait. */
  #next = Promise.withResolvers<void>();
  #running?: Promise<void>;

  constructor(to: WritableStream<Uint8Array> | ByteWriter) {
    this.#writer = to instanceof WritableStream ? writerOf(to) : to;
  }

  /** Resolves when the line (without its end) is written. */
  write(line: string): Promise<void> {
    this.#lines.push(line);
    this.#running ??= this.#run();
    return this.#next.promise;
  }

  /** Writes what is left, if the other side reads it in time, and closes what it writes to. Never throws. */
  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([late, this.#running]);
    await Promise.race([late, this.#writer.close().catch(() => {})]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (this.#lines.length > 0) {
      for (let count = 0; count !== this.#lines.length;) {
        count = this.#lines.length;
        for (let i = 0; i < quietMicrotasks; i++) await undefined;
      }
      const lines = this.#lines;
      const { promise, resolve, reject } = this.#next;
      this.#lines = [];
      this.#next = Promise.withResolvers();
      try {
        for (const bytes of pieces(lines)) await this.#writer.write(bytes);
        resolve();
        for (const { length } of lines) lineTaken(length);
      } catch (error) {
        promise.catch(() => {}); // nobody may be waiting for it
        reject(connectionClosed((error as Error).message));
      }
    }
    this.#running = undefined;
  }
}

/** What whoever waits for an answer takes for the other side's end. */
export function connectionClosed(reason: string): McpError {
  return new McpError(ErrorCode.ConnectionClosed, reason);
}

function writerOf(stream: WritableStream<Uint8Array>): ByteWriter {
  const writer = stream.getWriter();
  writer.closed.catch(() => {}); // the reading side tells of the end
  return writer;
}

function* pieces(lines: string[]): Generator<Uint8Array> {
  let short = "";
  for (const line of lines) {
    if (line.length < longLine) {
      short += `${line}\n`;
      continue;
    }
    if (short !== "") yield encoder.encode(short);
    short = "";
    yield encoder.encode(line);
    yield newline;
  }
  if (short !== "") yield encoder.encode(short);
}

/** Standard output. */
export const standardOutput: ByteWriter = {
  async write(bytes) {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(at === 0 ? bytes : bytes.subarray(at));
  },
  close() {
    Deno.stdout.close();
    return Promise.resolve();
  },
};
