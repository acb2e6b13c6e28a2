/** One request carried on to an upstream, and its response back: re-framed, streamed, cancelled with the client. */
import { joined } from "../../../format/bytes.ts";
import { type HttpConnection, tunnel, writeBody } from "./connection.ts";
import {
  BadMessage,
  endToEnd,
  type Framing,
  framingHeaders,
  type Header,
  headerTokens,
  keepsAlive,
  requestFraming,
  type RequestHead,
  responseFraming,
  type ResponseHead,
  writeRequestHead,
  writeResponseHead,
} from "./head.ts";

export interface Exchange {
  client: HttpConnection;
  upstream: HttpConnection;
  /** As the client sent it. */
  request: RequestHead;
  /** What goes to the upstream in place of the request's own target. */
  target: string;
  /** All headers for the upstream but framing and connection. */
  headers: Header[];
  /** In place of the request's body, which was read already. */
  body?: Uint8Array;
  /** The same as a stream, sent in chunks. */
  pieces?: AsyncIterable<Uint8Array>;
  /** An `Upgrade` is passed on, and a 101 makes a tunnel of the connection. */
  upgrades?: boolean;
  /** A 200 to this request is a raw stream in both directions until both end (the Engine's attach). */
  hijacks?: boolean;
  /**
   * A client that ends its side has left, and takes the upstream along, which then stops working for it (a
   * model, a log). Without this a client may end its side and wait for the answer.
   */
  cancels?: boolean;
  /** Reads the response's body as a whole and gives another one. */
  rewrite?: (body: Uint8Array) => Uint8Array;
}

/**
 * Carries it out. True when the client's connection can take another request. Throws `BadMessage` when the
 * upstream fails before its response has begun; later failures close the client's connection.
 */
export async function exchange(order: Exchange): Promise<boolean> {
  const { client, upstream, request } = order;
  const asked = requestFraming(request);
  const upgrade = order.upgrades ? headerTokens(request.headers, "upgrade") : [];
  const framing: Framing = order.body
    ? { kind: "length", bytes: order.body.length }
    : order.pieces
    ? { kind: "chunked" }
    : asked;
  await upstream.write(writeRequestHead(request.method, order.target, [
    ...order.headers,
    ...(upgrade.length > 0 ? [["Connection", "Upgrade"], ["Upgrade", upgrade[0]]] as Header[] : closes),
    ...framingHeaders(framing),
  ]));
  let bodySent = false;
  let failure: unknown;
  const over = new AbortController();
  const sending = sendBody(order, asked).then(() => {
    bodySent = true;
    if (order.cancels && !order.hijacks && upgrade.length === 0) watchClient(client, upstream, over.signal);
  }, (error) => {
    failure = error;
    upstream.close();
  });
  try {
    const response = await finalHead(client, upstream).catch((error) => {
      throw failure instanceof BadMessage ? failure : error;
    });
    const raw = response.status === 101 || (order.hijacks && response.status === 200);
    if (raw) {
      await sending; // two readers of the client would take each other's bytes
      return await passStream(client, upstream, response);
    }
    return await passResponse(order, response) && bodySent;
  } finally {
    over.abort();
    upstream.close();
  }
}

const closes: Header[] = [["Connection", "close"]];

async function sendBody(order: Exchange, asked: Framing): Promise<void> {
  const { client, upstream, body, pieces, request } = order;
  if (body) return await upstream.write(body);
  if (pieces) return await writeBody(upstream, pieces, { kind: "chunked" });
  if (asked.kind === "none") return;
  if (headerTokens(request.headers, "expect").includes("100-continue")) {
    await client.write(writeResponseHead(100, "Continue", []));
  }
  await writeBody(upstream, client.body(asked), asked);
}

/** See `cancels`. */
async function watchClient(
  client: HttpConnection,
  upstream: HttpConnection,
  over: AbortSignal,
): Promise<void> {
  const state = await client.stirred().catch(() => "ended");
  if (state === "ended" && !over.aborted) upstream.close();
}

/** The response's head; interim ones (100, 103) are dropped. */
async function finalHead(client: HttpConnection, upstream: HttpConnection): Promise<ResponseHead> {
  for (let interim = 0; interim < 20; interim++) {
    let head: ResponseHead;
    try {
      head = await upstream.readResponseHead();
    } catch (error) {
      if (client.closed) throw error;
      throw error instanceof BadMessage
        ? new BadMessage(error.message, 502)
        : new BadMessage("the other side broke off", 502);
    }
    if (head.status >= 200 || head.status === 101) return head;
  }
  throw new BadMessage("the other side never comes to its answer", 502);
}

async function passStream(
  client: HttpConnection,
  upstream: HttpConnection,
  response: ResponseHead,
): Promise<boolean> {
  const upgrade = headerTokens(response.headers, "upgrade");
  await client.write(writeResponseHead(response.status, response.reason, [
    ...endToEnd(response.headers),
    ...(upgrade.length > 0 ? [["Connection", "Upgrade"], ["Upgrade", upgrade[0]]] as Header[] : closes),
  ]));
  await tunnel(client, upstream);
  return false;
}

async function passResponse(order: Exchange, response: ResponseHead): Promise<boolean> {
  const { client, upstream, request } = order;
  const came = framingOf(response, request.method);
  const alive = keepsAlive(request) && request.minor === 1;
  let body: Uint8Array | undefined;
  if (order.rewrite && came.kind !== "none") body = order.rewrite(await collect(upstream.body(came)));
  const goes: Framing = body
    ? { kind: "length", bytes: body.length }
    : came.kind === "close" && alive
    ? { kind: "chunked" }
    : came.kind === "chunked" && !alive && request.minor === 0
    ? { kind: "close" }
    : came;
  // The length that a HEAD or a 304 tells is of a body that does not come.
  const told = came.kind === "none" && request.method === "HEAD"
    ? response.headers.filter(([name]) => name.toLowerCase() === "content-length")
    : framingHeaders(goes);
  await client.write(writeResponseHead(response.status, response.reason, [
    ...endToEnd(response.headers),
    ...(alive ? [] : closes),
    ...told,
  ]));
  try {
    if (body) await client.write(body);
    else await writeBody(client, upstream.body(came), goes);
  } catch {
    client.close();
    return false;
  }
  return alive;
}

function framingOf(response: ResponseHead, method: string): Framing {
  try {
    return responseFraming(response, method);
  } catch (error) {
    throw error instanceof BadMessage ? new BadMessage(`of the answer: ${error.message}`, 502) : error;
  }
}

/** All pieces in one. Throws `BadMessage` (413) beyond `most` bytes. */
export async function collect(
  pieces: AsyncIterable<Uint8Array>,
  most = 64 * 1024 * 1024,
): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) throw new BadMessage("the body is too long", 413);
    kept.push(piece.slice());
  }
  return joined(kept);
}

/** A response of our own. */
export async function answer(
  client: HttpConnection,
  status: number,
  body: string,
  options: { type?: string; headers?: Header[]; keepAlive?: boolean; head?: boolean } = {},
): Promise<void> {
  const bytes = new TextEncoder().encode(body);
  await client.write(writeResponseHead(status, reasons[status] ?? "Error", [
    ["Content-Type", options.type ?? "text/plain; charset=utf-8"],
    ["Content-Length", String(bytes.length)],
    ...(options.headers ?? []),
    ...(options.keepAlive ? [] : closes),
  ]));
  if (!options.head) await client.write(bytes);
}

const reasons: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Supported",
  502: "Bad Gateway",
  503: "Service Unavailable",
};
