import { deepStrictEqual as equal, rejects } from "node:assert";
import { ByteReader, EarlyEnd } from "../../../core/docker/transport/byte_reader.ts";
import { openBody, readHead } from "../../../core/docker/transport/http1_response.ts";
import { allCuts, piecesConnection } from "../../support/pieces_connection.ts";

interface Read {
  status: number;
  headers: Record<string, string>;
  body: string | null;
  keepAlive: boolean;
  /** What stands behind the answer. */
  rest: string;
}

async function read(pieces: Uint8Array[], method: string): Promise<Read> {
  const reader = new ByteReader(piecesConnection(pieces));
  const head = await readHead(reader);
  const body = openBody(reader, head, method);
  let text = "";
  const decoder = new TextDecoder();
  for (let piece = await body?.next(); piece; piece = await body?.next()) {
    text += decoder.decode(piece, { stream: true });
  }
  let rest = "";
  if (body?.delimited !== false) {
    for (let piece = await reader.some(); piece; piece = await reader.some()) rest += decoder.decode(piece);
  }
  const { status, keepAlive } = head;
  return { status, keepAlive, headers: Object.fromEntries(head.headers), body: body && text, rest };
}

const answers: { name: string; text: string; method?: string; expected: Partial<Read> }[] = [
  {
    name: "a length",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A:2\r\n\r\nhellonext",
    expected: { status: 200, body: "hello", rest: "next", headers: { "content-length": "5", "x-a": "1, 2" } },
  },
  {
    name: "chunks of several sizes, an extension, trailers",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9;x=y\r\n, worldé\r\n" +
      "0\r\nX-End: 1\r\n\r\nnext",
    expected: { body: "hello, worldé", rest: "next" },
  },
  {
    name: "no chunk",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    expected: { body: "" },
  },
  {
    name: "an end by closing",
    text: "HTTP/1.1 200 OK\r\n\r\nall of it",
    expected: { body: "all of it" },
  },
  { name: "HTTP/1.0", text: "HTTP/1.0 200 OK\r\n\r\nx", expected: { body: "x", keepAlive: false } },
  {
    name: "Connection: close",
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    expected: { body: null, keepAlive: false },
  },
  {
    name: "HEAD, whose length is not sent",
    method: "HEAD",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnext",
    expected: { body: null, rest: "next" },
  },
  {
    name: "204",
    text: "HTTP/1.1 204 No Content\r\n\r\nnext",
    expected: { status: 204, body: null, rest: "next" },
  },
  { name: "304", text: "HTTP/1.1 304 Not Modified\r\n\r\n", expected: { status: 304, body: null } },
  {
    name: "an interim answer before the real one",
    text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
    expected: { status: 201, body: "x" },
  },
  { name: "line ends without CR", text: "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", expected: { body: "x" } },
  {
    name: "no reason",
    text: "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
    expected: { status: 200, body: "x" },
  },
];

for (const { name, text, method = "GET", expected } of answers) {
  Deno.test(`an answer with ${name} is read the same wherever it is cut`, async () => {
    for (const pieces of allCuts(new TextEncoder().encode(text))) {
      const seen = await read(pieces, method);
      equal(Object.fromEntries(Object.keys(expected).map((key) => [key, seen[key as keyof Read]])), expected);
    }
  });
}

const broken: { name: string; text: string; error: unknown }[] = [
  { name: "nothing", text: "", error: EarlyEnd },
  { name: "half a head", text: "HTTP/1.1 200 OK\r\nContent-", error: EarlyEnd },
  { name: "less than its length", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", error: EarlyEnd },
  {
    name: "half a chunk",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    error: EarlyEnd,
  },
  {
    name: "no last chunk",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
    error: EarlyEnd,
  },
  {
    name: "a chunk size that is none",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    error: SyntaxError,
  },
  {
    name: "a chunk longer than its size",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n",
    error: (error: Error) => error instanceof SyntaxError || error instanceof RangeError,
  },
  { name: "no HTTP", text: "SSH-2.0-OpenSSH_9.2\r\n", error: SyntaxError },
  { name: "a header without a colon", text: "HTTP/1.1 200 OK\r\nbad\r\n\r\n", error: SyntaxError },
  {
    name: "a length that is none",
    text: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    error: SyntaxError,
  },
  { name: "a line without end", text: `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`, error: RangeError },
  { name: "endless headers", text: `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(300)}\r\n`, error: SyntaxError },
];

for (const { name, text, error } of broken) {
  Deno.test(`an answer of ${name} is an error`, async () => {
    await rejects(() => read([new TextEncoder().encode(text)], "GET"), error as any);
  });
}
