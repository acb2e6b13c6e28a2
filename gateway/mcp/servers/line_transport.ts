/**
 * JSON-RPC messages as lines over two byte streams, MCP's stdio transport. Made for the other side being wrong:
 * lines that are no messages are noted and skipped, a line of any length costs no more than its limit.
 */
import { cancelledBy, errorMessage, type MessageFault, readMessages } from "../json_rpc.ts";
import {
  ErrorCode,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
  type TransportSendOptions,
} from "../sdk.ts";
import { bytePieces } from "./byte_pieces.ts";
import { lineTaken } from "./large_messages.ts";
import { type Line, LineSplitter } from "./line_splitter.ts";
import { type ByteWriter, connectionClosed, LineWriter } from "./line_writer.ts";

export interface LineStreams {
  /** What the other side writes. */
  readable: AsyncIterable<Uint8Array>;
  writable: WritableStream<Uint8Array> | ByteWriter;
  /** Frees both; called once. */
  close(): Promise<void> | void;
  /** Faults of the other side, a line each. */
  log(line: string): void;
  /**
   * For a client at the other side, which hears of what it writes wrong. Resolves when the client, which writes no
   * more, is gone altogether; aborted when that does not matter any more. Until then what it has asked for is
   * answered. Default: who writes no more is gone.
   */
  gone?(signal: AbortSignal): Promise<void>;
  /** Bytes; a longer line is skipped and the request that it answers fails. Default 384 MiB. */
  longestLine?: number;
}

const defaultLongestLine = 384 * 1024 * 1024;
/** Notes on wrong lines, until the next right one: what writes garbage writes a lot of it. */
const mostNotes = 5;
const decoder = new TextDecoder();

export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Where it gives a promise, nothing more is read until that is settled. */
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #streams: LineStreams;
  readonly #writer: LineWriter;
  readonly #lines: LineSplitter;
  /** Requests of the other side, and those to it. */
  readonly #unanswered = new Set<RequestId>();
  readonly #asked = new Set<RequestId>();
  readonly #end = new AbortController();
  #notes = 0;
  #isRead = false;
  #allAnswered = () => {};

  constructor(streams: LineStreams) {
    this.#streams = streams;
    this.#writer = new LineWriter(streams.writable);
    this.#lines = new LineSplitter(streams.longestLine ?? defaultLongestLine);
  }

  start(): Promise<void> {
    this.#read();
    return Promise.resolve();
  }

  send(message: JSONRPCMessage, _options?: TransportSendOptions): Promise<void> {
    const isRequest = "method" in message && "id" in message;
    if (this.#closed || this.#isRead && isRequest) {
      return Promise.reject(connectionClosed("The connection is closed"));
    }
    const written = this.#writer.write(JSON.stringify(message));
    if (this.#servesClient) written.catch(() => this.close()); // nobody hears the answers
    if (isRequest) this.#asked.add(message.id);
    else if ("id" in message) {
      const answered = () => this.#answered(message.id as RequestId);
      written.then(answered, answered);
    } else this.#asked.delete(cancelledBy(message)!);
    return written;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end.abort();
    await this.#writer.close();
    await this.#streams.close();
    this.onclose?.();
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of bytePieces(this.#streams.readable)) {
        await this.#takeLines(bytes); // apart: nothing of a line is held while the next bytes are waited for
        if (this.#closed) return;
      }
      await this.#takeLine(this.#lines.rest());
    } catch (error) {
      if (!this.#closed) this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
    this.#isRead = true;
    await this.#answerTheRest();
    await this.close();
  }

  /** A script writes its requests and closes its side; a client that has gone wants no answers. */
  async #answerTheRest(): Promise<void> {
    const { gone } = this.#streams;
    if (!gone || this.#unanswered.size === 0 || this.#closed) return;
    for (const id of this.#asked) {
      this.onmessage?.({ jsonrpc: "2.0", id, error: { code: -32000, message: "The connection is closed" } });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allAnswered = resolve;
    const end = new AbortController();
    await Promise.race([promise, gone(AbortSignal.any([end.signal, this.#end.signal]))]);
    end.abort();
  }

  #answered(id: RequestId): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#allAnswered();
  }

  get #servesClient(): boolean {
    return this.#streams.gone !== undefined;
  }

  get #closed(): boolean {
    return this.#end.signal.aborted;
  }

  async #takeLines(bytes: Uint8Array): Promise<void> {
    for (const line of this.#lines.push(bytes)) {
      const waits = this.#takeLine(line);
      if (waits) await waits;
      if (this.#closed) return;
    }
  }

  /** A promise only where the next line has to wait. */
  #takeLine({ bytes, length, tooLong }: Line): Promise<unknown> | undefined {
    if (tooLong) return void this.#refuse(bytes, length);
    const waits = this.#deliver(bytes);
    if (waits) return waits.then(() => lineTaken(length));
    lineTaken(length);
  }

  #deliver(line: Uint8Array): Promise<unknown> | undefined {
    const text = decoder.decode(line);
    if (text.trim() === "") return;
    const { messages, faults } = readMessages(text);
    for (const fault of faults) this.#tellClient(fault);
    if (messages.length === 0) return void this.#note(`wrote what is no message: ${excerpt(text)}`);
    this.#notes = 0;
    return messages.length > 1 ? this.#hand(messages) : this.#handOne(messages[0]);
  }

  #tellClient(fault: MessageFault): void {
    if (this.#servesClient) this.send(errorMessage(fault)).catch(() => {});
  }

  /** Batches of 2025-03-26. */
  async #hand(messages: JSONRPCMessage[]): Promise<void> {
    for (const message of messages) await this.#handOne(message);
  }

  #handOne(message: JSONRPCMessage): Promise<unknown> | undefined {
    this.#count(message);
    const taken = this.onmessage?.(message) as unknown;
    if (taken instanceof Promise) return taken;
    // The SDK hands notifications on in later microtasks, answers at once: progress must not be overtaken.
    return "method" in message && !("id" in message) ? microtasks(3) : undefined;
  }

  #count(message: JSONRPCMessage): void {
    if (!("id" in message)) this.#answered(cancelledBy(message)!); // it gets no answer
    else if ("method" in message) this.#unanswered.add(message.id);
    else this.#asked.delete(message.id!);
  }

  /** The request that a line was meant for fails, where the line's beginning says which that is. */
  #refuse(beginning: Uint8Array, length: number): void {
    const size = `${Math.round(length / 1024 / 1024)} MiB`;
    this.#note(`wrote a line of ${size}, which is skipped`);
    const id = /"id"\s*:\s*(\d+)/.exec(decoder.decode(beginning.subarray(0, 200)))?.[1];
    const code = ErrorCode.InternalError;
    this.#tellClient({
      id: id === undefined ? null : Number(id),
      code,
      message: `The message is too long (${size})`,
    });
    if (id === undefined || this.#servesClient) return;
    const error = { code, message: `The server's answer is too long (${size})` };
    this.onmessage?.({ jsonrpc: "2.0", id: Number(id), error });
  }

  #note(text: string): void {
    this.#notes++;
    if (this.#notes <= mostNotes) this.#streams.log(text);
    if (this.#notes === mostNotes) this.#streams.log("further such lines are not told");
  }
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

export function excerpt(text: string, most = 200): string {
  const line = text.trim().slice(0, most + 1).replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most)}…` : line.trimEnd();
}
