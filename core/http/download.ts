/**
 * Downloads a range of bytes into a file and goes on where an earlier try, or an earlier process, stopped.
 * Beside the file lies `<path>.json`, which says what the bytes are part of.
 */
import { createHash, type Hash } from "node:crypto";
import { interrupted, SkiffError } from "../errors/skiff_error.ts";
import { defaultRetryDelaysMs, expectOk, network, pause, request, retryText } from "./request.ts";

/** Bytes [from, to) of what `url` serves. */
export interface RemoteRange {
  url: string;
  from: number;
  /** Absent: to the end. */
  to?: number;
  /** What the bytes are, e.g. a digest; a partial file of something else is thrown away. */
  identity: string;
  /** Headers of every request; asked again with `renew` after a 401. */
  headers?: (renew: boolean) => Promise<Record<string, string>>;
}

export interface DownloadOptions {
  signal?: AbortSignal;
  /** Bytes in the file so far; it falls only when the server makes us start over. */
  onBytes?: (bytes: number) => void;
  onRetry?: (text: string) => void;
  /** Pauses before new tries; the count begins again when a try has brought bytes. */
  retryDelaysMs?: readonly number[];
  /** Milliseconds without a byte after which the connection is given up. Default 30,000. */
  stallMs?: number;
}

export interface Downloaded {
  sha256: string;
  bytes: number;
  /** Whether bytes of an earlier call are in it. */
  resumed: boolean;
}

interface PartialRecord {
  identity: string;
  /** Strong ETag or date for If-Range. */
  validator?: string;
  /** Bytes of the finished file, once known. */
  length?: number;
}

/**
 * Fills the file at `path`. When it throws, the partial file stays for the next call. Throws "network" when
 * the tries are used up, "interrupted", "not_found", "unauthorized"; errors of writing as they are.
 */
export async function download(
  range: RemoteRange,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const delays = options.retryDelaysMs ?? defaultRetryDelaysMs;
  const transfer = await Transfer.open(range, path, options);
  try {
    let failures = 0;
    while (!transfer.finished) {
      const before = transfer.bytes;
      try {
        await transfer.attempt();
      } catch (error) {
        if (!(error instanceof SkiffError && error.code === "network")) throw error;
        if (transfer.bytes > before) failures = 0;
        if (failures >= delays.length) throw error;
        options.onRetry?.(retryText(failures, delays));
        await pause(delays[failures++], options.signal);
      }
    }
    await transfer.sync();
    return { sha256: transfer.sha256(), bytes: transfer.bytes, resumed: transfer.resumed };
  } finally {
    transfer.close();
  }
}

/** One partial file while it is being filled. */
class Transfer {
  bytes = 0;
  resumed = false;
  #hash: Hash = createHash("sha256");
  #record: PartialRecord;
  #renew = false;

  private constructor(
    readonly range: RemoteRange,
    readonly path: string,
    readonly options: DownloadOptions,
    readonly file: Deno.FsFile,
  ) {
    const { from, to } = range;
    this.#record = { identity: range.identity, length: to === undefined ? undefined : to - from };
  }

  static async open(range: RemoteRange, path: string, options: DownloadOptions): Promise<Transfer> {
    const file = await Deno.open(path, { create: true, read: true, write: true });
    const transfer = new Transfer(range, path, options, file);
    try {
      await transfer.#takeUp();
    } catch (error) {
      file.close();
      throw error;
    }
    return transfer;
  }

  get finished(): boolean {
    return this.bytes === this.#record.length;
  }

  /** Hashes what an earlier call left, or throws it away when it is of something else. */
  async #takeUp(): Promise<void> {
    const record = await readRecord(`${this.path}.json`);
    const { size } = await this.file.stat();
    const tooLong = record?.length !== undefined && size > record.length;
    if (record?.identity !== this.range.identity || tooLong) return await this.#restart(true);
    this.#record = { ...record, length: this.#record.length ?? record.length };
    const buffer = new Uint8Array(1024 * 1024);
    for (let n = await this.file.read(buffer); n !== null; n = await this.file.read(buffer)) {
      if (this.options.signal?.aborted) throw interrupted(this.options.signal.reason);
      this.#hash.update(buffer.subarray(0, n));
      this.bytes += n;
    }
    this.resumed = this.bytes > 0;
    this.options.onBytes?.(this.bytes);
  }

  async #restart(writeRecord = false): Promise<void> {
    await this.file.truncate(0);
    await this.file.seek(0, Deno.SeekMode.Start);
    this.#hash = createHash("sha256");
    this.bytes = 0;
    this.resumed = false;
    if (writeRecord) await this.#writeRecord();
  }

  async #writeRecord(): Promise<void> {
    await Deno.writeTextFile(`${this.path}.json`, JSON.stringify(this.#record));
  }

  /** One request, as far as it goes. */
  async attempt(): Promise<void> {
    const { url, from, to } = this.range;
    const start = from + this.bytes;
    const headers: Record<string, string> = await this.range.headers?.(this.#renew) ?? {};
    const ranged = start > 0 || to !== undefined;
    if (ranged) headers.range = `bytes=${start}-${to === undefined ? "" : to - 1}`;
    if (this.bytes > 0 && this.#record.validator) headers["if-range"] = this.#record.validator;
    const response = await request(url, {
      headers,
      signal: this.options.signal,
      retryDelaysMs: [],
      timeoutMs: 20_000,
    });
    if (response.status === 401 && !this.#renew && this.range.headers) {
      await response.body?.cancel();
      this.#renew = true;
      return;
    }
    if (response.status === 416) {
      await response.body?.cancel();
      if (this.bytes === 0) throw network(url, "it does not have the bytes asked for", false);
      return await this.#restart(true);
    }
    await expectOk(response, url.slice(url.lastIndexOf("/") + 1));
    const skip = await this.#prepare(response, start);
    await this.#receive(response, skip);
  }

  /** Learns the length, starts over when the server sends all of it. Gives the bytes to leave out. */
  async #prepare(response: Response, start: number): Promise<number> {
    const { from, to, url } = this.range;
    const contentRange = /^bytes (\d+)-\d+\/(\d+|\*)/.exec(response.headers.get("content-range") ?? "");
    const ranged = response.status === 206;
    if (ranged && Number(contentRange?.[1]) !== start) {
      await response.body?.cancel();
      throw network(url, "it sends other bytes than asked for", false);
    }
    const whole = ranged ? contentRange![2] : response.headers.get("content-length");
    if (!ranged && this.bytes > 0) await this.#restart();
    const length = to === undefined && whole !== null && whole !== "*" ? Number(whole) - from : undefined;
    const validator = strongValidator(response.headers);
    if (this.bytes === 0) {
      this.#record = { ...this.#record, validator, length: length ?? this.#record.length };
    }
    await this.#writeRecord();
    return ranged ? 0 : from;
  }

  async #receive(response: Response, skip: number): Promise<void> {
    const reader = response.body!.getReader();
    try {
      while (!this.finished) {
        const chunk = await this.#read(reader);
        if (chunk === undefined) break;
        const useful = chunk.subarray(skip, skip + (this.#record.length ?? Infinity) - this.bytes);
        skip -= Math.min(skip, chunk.length);
        await writeAll(this.file, useful);
        this.#hash.update(useful);
        this.bytes += useful.length;
        this.options.onBytes?.(this.bytes);
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
    this.#record.length ??= this.bytes; // the server did not say; its end is the end
    if (!this.finished) throw network(this.range.url, "it broke off", true);
  }

  /** The next bytes; a stall or a broken connection is a network error. */
  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
    const { stallMs = 30_000, signal } = this.options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came for ${stallMs / 1000} seconds`)), stallMs);
    });
    try {
      return (await Promise.race([reader.read(), stalled])).value;
    } catch (error) {
      if (signal?.aborted) throw interrupted(error);
      throw network(this.range.url, error instanceof Error ? error.message : "it broke off", true, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async sync(): Promise<void> {
    await this.file.sync();
  }

  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  close(): void {
    this.file.close();
  }
}

function strongValidator(headers: Headers): string | undefined {
  const etag = headers.get("etag");
  if (etag && !etag.startsWith("W/")) return etag;
  return headers.get("last-modified") ?? undefined;
}

async function readRecord(path: string): Promise<PartialRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return undefined; // absent or half-written: the partial file cannot be trusted
  }
}

/** Writes all of it; `write` may take less. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}
