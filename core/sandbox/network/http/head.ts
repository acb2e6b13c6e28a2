/**
 * Heads of HTTP/1 messages, read strictly: what two parsers could understand differently is refused, so that
 * nothing can be smuggled past the one that decides. All that goes on is written anew from what was read.
 */

export type Header = [name: string, value: string];

export interface RequestHead {
  method: string;
  /** As it was sent: "/path?query", "http://host/path", "host:port". */
  target: string;
  /** Minor version of HTTP/1: 0 or 1. */
  minor: 0 | 1;
  headers: Header[];
}

export interface ResponseHead {
  status: number;
  reason: string;
  minor: 0 | 1;
  headers: Header[];
}

/** How a body's end is known. `close`: the connection ends with it (responses only). */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; bytes: number }
  | { kind: "chunked" }
  | { kind: "close" };

/** The message breaks the rules; `status` is the answer to a request. */
export class BadMessage extends Error {
  constructor(message: string, readonly status = 400) {
    super(message);
  }
}

/** Bytes of a head, the empty line included. */
export const largestHead = 64 * 1024;
const mostHeaders = 200;

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
/** Anything but CR LF together. */
const bareBreak = /\r(?!\n)|(?<!\r)\n|\0/;

/** Where the head ends (behind the empty line) in the first `length` bytes; -1 when it does not. */
export function headEnd(bytes: Uint8Array, length: number, from = 0): number {
  for (let i = Math.max(from, 3); i < length; i++) {
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) return i + 1;
  }
  return -1;
}

/** The head in the bytes, which end with the empty line. Throws `BadMessage`. */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const [first, ...lines] = headLines(bytes);
  const match = requestLine.exec(first);
  if (!match) throw new BadMessage("the request line cannot be read");
  return { method: match[1], target: match[2], minor: Number(match[3]) as 0 | 1, headers: headers(lines) };
}

export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const [first, ...lines] = headLines(bytes);
  const match = statusLine.exec(first);
  if (!match) throw new BadMessage("the status line cannot be read", 502);
  return {
    status: Number(match[2]),
    reason: match[3] ?? "",
    minor: Number(match[1]) as 0 | 1,
    headers: headers(lines),
  };
}

function headLines(bytes: Uint8Array): string[] {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192)); // bytes as they are: Latin-1
  }
  if (bareBreak.test(text)) throw new BadMessage("a line does not end with CR LF");
  if (!text.endsWith("\r\n\r\n")) throw new BadMessage("the head has no end");
  return text.slice(0, -4).split("\r\n");
}

function headers(lines: string[]): Header[] {
  if (lines.length > mostHeaders) throw new BadMessage("there are too many headers", 431);
  return lines.map((line) => {
    const match = headerLine.exec(line);
    if (!match) throw new BadMessage("a header cannot be read");
    return [match[1], match[2]];
  });
}

/** All values of a header, in order. */
export function headerValues(headers: Header[], name: string): string[] {
  return headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** The elements of a header that is a list, lower-case. */
export function headerTokens(headers: Header[], name: string): string[] {
  return headerValues(headers, name).join(",").toLowerCase().split(",").map((one) => one.trim()).filter(
    Boolean,
  );
}

/** How the request's body ends. Throws `BadMessage` where two readings are possible. */
export function requestFraming({ headers, minor }: RequestHead): Framing {
  const framing = explicitFraming(headers, minor);
  return framing ?? { kind: "none" };
}

/** How the response's body ends, for the method that it answers. */
export function responseFraming(head: ResponseHead, method: string): Framing {
  const { status, headers, minor } = head;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  return explicitFraming(headers, minor) ?? { kind: "close" };
}

function explicitFraming(headers: Header[], minor: 0 | 1): Framing | undefined {
  const lengths = headerValues(headers, "content-length");
  const codings = headerValues(headers, "transfer-encoding");
  if (lengths.length > 0 && codings.length > 0) {
    throw new BadMessage("it has both Content-Length and Transfer-Encoding");
  }
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0].toLowerCase() !== "chunked" || minor === 0) {
      throw new BadMessage("its Transfer-Encoding is not plain chunked", 501);
    }
    return { kind: "chunked" };
  }
  if (lengths.length === 0) return undefined;
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0])) {
    throw new BadMessage("its Content-Length is not one number");
  }
  return { kind: "length", bytes: Number(lengths[0]) };
}

/** Whether the sender lets the connection be used for another message. */
export function keepsAlive({ headers, minor }: { headers: Header[]; minor: 0 | 1 }): boolean {
  const options = [
    ...headerTokens(headers, "connection"),
    ...headerTokens(headers, "proxy-connection"),
  ];
  if (options.includes("close")) return false;
  return minor === 1 || options.includes("keep-alive");
}

const hopByHop = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "expect",
]);

/** The headers that concern the message and not this connection; framing is left to the writer. */
export function endToEnd(headers: Header[]): Header[] {
  const named = new Set(headerTokens(headers, "connection"));
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !named.has(lower);
  });
}

/** Headers that tell the framing. */
export function framingHeaders(framing: Framing): Header[] {
  if (framing.kind === "length") return [["Content-Length", String(framing.bytes)]];
  return framing.kind === "chunked" ? [["Transfer-Encoding", "chunked"]] : [];
}

/** A head as bytes. Throws when a value would break out of its line. */
export function writeRequestHead(method: string, target: string, headers: Header[]): Uint8Array<ArrayBuffer> {
  return headBytes(`${method} ${target} HTTP/1.1`, headers);
}

export function writeResponseHead(
  status: number,
  reason: string,
  headers: Header[],
): Uint8Array<ArrayBuffer> {
  return headBytes(`HTTP/1.1 ${status} ${reason}`, headers);
}

function headBytes(first: string, headers: Header[]): Uint8Array<ArrayBuffer> {
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw new BadMessage("a header holds a line break", 500);
  const text = [...lines, "", ""].join("\r\n");
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
