/** The asking half of HTTP/1.1: head and body onto a connection. */
import { joined } from "../../format/bytes.ts";
import type { Connection } from "./connection.ts";

export interface HttpRequest {
  method: string;
  /** Path and query, encoded. */
  target: string;
  host: string;
  headers: Record<string, string>;
  /** Bytes are sent with their length; a stream in chunks, as fast as the other side takes them. */
  body?: Uint8Array | AsyncIterable<Uint8Array>;
}

const encoder = new TextEncoder();
const smallBody = 64 * 1024;
const forbidden = /[\r\n\0]/;

/** Writes all of it. Throws what the connection or the body's source throws. */
export async function writeRequest(connection: Connection, request: HttpRequest): Promise<void> {
  const { body } = request;
  if (body === undefined || body instanceof Uint8Array) {
    const head = headBytes(request, body === undefined ? undefined : body.length);
    if (body === undefined || body.length === 0) return await connection.write(head);
    if (body.length > smallBody) {
      await connection.write(head);
      return await connection.write(body);
    }
    return await connection.write(joined([head, body])); // one packet, one system call
  }
  await connection.write(headBytes(request, "chunked"));
  for await (const piece of body) {
    if (piece.length === 0) continue;
    await connection.write(
      joined([encoder.encode(`${piece.length.toString(16)}\r\n`), piece, encoder.encode("\r\n")]),
    );
  }
  await connection.write(encoder.encode("0\r\n\r\n"));
}

function headBytes(request: HttpRequest, length: number | "chunked" | undefined): Uint8Array {
  const { method, target, host, headers } = request;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (length === "chunked") lines.push("Transfer-Encoding: chunked");
  else if (length !== undefined) lines.push(`Content-Length: ${length}`);
  else if (method === "POST" || method === "PUT") lines.push("Content-Length: 0");
  const unsafe = lines.find((line) => forbidden.test(line));
  if (unsafe !== undefined) throw new TypeError(`A header holds a line break: ${JSON.stringify(unsafe)}`);
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}
