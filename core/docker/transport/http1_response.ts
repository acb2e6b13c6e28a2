/** The answering half of HTTP/1.1 (RFC 9112): the head, and where its body ends. */
import { type ByteReader, EarlyEnd } from "./byte_reader.ts";

export interface ResponseHead {
  status: number;
  reason: string;
  headers: HeaderFields;
  /** The server keeps the connection after this answer. */
  keepAlive: boolean;
}

/** Values by name in lower case; those of one name are joined by commas. A `Headers` is slower to set up. */
export type HeaderFields = Map<string, string>;

const longestLine = 64 * 1024;
const mostHeaders = 200;

/** Reads a head; 1xx answers other than 101 are passed over. Throws `EarlyEnd`, or a SyntaxError. */
export async function readHead(reader: ByteReader): Promise<ResponseHead> {
  while (true) {
    const start = await reader.line(longestLine);
    const match = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(start);
    if (!match) throw new SyntaxError(`The answer starts with ${JSON.stringify(start.slice(0, 60))}`);
    const headers = await readHeaders(reader);
    const status = Number(match[2]);
    if (status < 200 && status !== 101) continue;
    const connection = headers.get("connection")?.toLowerCase() ?? "";
    const keepAlive = match[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
    return { status, reason: match[3] ?? "", headers, keepAlive };
  }
}

async function readHeaders(reader: ByteReader): Promise<HeaderFields> {
  const headers: HeaderFields = new Map();
  for (let count = 0;; count++) {
    const line = await reader.line(longestLine);
    if (line === "") return headers;
    const colon = line.indexOf(":");
    if (colon <= 0) throw new SyntaxError(`${JSON.stringify(line.slice(0, 60))} is no header`);
    if (count >= mostHeaders) throw new SyntaxError("The answer has too many headers");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
}

export interface Body {
  /** The next bytes; null when the body is complete. Throws `EarlyEnd` when it is cut off. */
  next(): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Bytes, when the head tells. */
  length?: number;
  /** The connection stands at the next answer's start once `next` has given null. */
  delimited: boolean;
}

/** The body that belongs to a head (RFC 9112, 6.3); null where there is none. */
export function openBody(reader: ByteReader, head: ResponseHead, method: string): Body | null {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return null;
  if (/\bchunked\b/i.test(head.headers.get("transfer-encoding") ?? "")) return chunkedBody(reader);
  const length = head.headers.get("content-length");
  if (length === undefined) return { next: () => reader.some(), delimited: false };
  if (!/^\d+$/.test(length)) throw new SyntaxError(`${JSON.stringify(length)} is no content length`);
  return Number(length) === 0 ? null : sizedBody(reader, Number(length));
}

function sizedBody(reader: ByteReader, length: number): Body {
  let left = length;
  const next = async () => {
    if (left === 0) return null;
    const bytes = await reader.some(left);
    if (bytes === null) throw new EarlyEnd(`The answer ended ${left} bytes early`);
    left -= bytes.length;
    return bytes;
  };
  return { next, length, delimited: true };
}

function chunkedBody(reader: ByteReader): Body {
  let left = 0;
  let started = false;
  let done = false;
  const openChunk = async () => {
    if (started && await reader.line(2) !== "") throw new SyntaxError("A chunk is longer than it says");
    started = true;
    const line = await reader.line(longestLine);
    const size = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new SyntaxError(`${JSON.stringify(line.slice(0, 60))} is no chunk size`);
    left = parseInt(size, 16);
    if (left > 0) return;
    await readHeaders(reader); // trailers
    done = true;
  };
  const next = async () => {
    if (left === 0 && !done) await openChunk();
    if (done) return null;
    const bytes = await reader.some(left);
    if (bytes === null) throw new EarlyEnd("The answer ended within a chunk");
    left -= bytes.length;
    return bytes;
  };
  return { next, delimited: true };
}
