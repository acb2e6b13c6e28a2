/** The HTTP parser: what is read, what is refused because two readers could read it differently, and cuts. */
import assert from "node:assert/strict";
import {
  type ByteStream,
  HttpConnection,
  writeBody,
} from "../../../../core/sandbox/network/http/connection.ts";
import { collect } from "../../../../core/sandbox/network/http/exchange.ts";
import {
  endToEnd,
  parseRequestHead,
  parseResponseHead,
  requestFraming,
  responseFraming,
  writeRequestHead,
} from "../../../../core/sandbox/network/http/head.ts";
import { requestTarget } from "../../../../core/sandbox/network/proxy/http_proxy.ts";
import { upstreamPath } from "../../../../core/sandbox/network/proxy/credentials_access.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const head = (...lines: string[]) => latin1(`${lines.join("\r\n")}\r\n\r\n`);

/** Gives the bytes in pieces of the sizes, and keeps what is written. */
function stream(bytes: Uint8Array, sizes: number[] = [bytes.length]): ByteStream & { written: string } {
  let at = 0;
  let turn = 0;
  return {
    written: "",
    read(buffer) {
      if (at === bytes.length) return Promise.resolve(null);
      const count = Math.min(buffer.length, sizes[turn++ % sizes.length], bytes.length - at);
      buffer.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count);
    },
    write(piece) {
      this.written += String.fromCharCode(...piece);
      return Promise.resolve(piece.length);
    },
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

Deno.test("a request that can be read in one way is read", () => {
  const read = parseRequestHead(
    head("POST /a?b HTTP/1.1", "Host: x", "X-Empty:", "A:  b c  "),
  );
  assert.equal(read.method, "POST");
  assert.equal(read.target, "/a?b");
  assert.deepEqual(read.headers, [["Host", "x"], ["X-Empty", ""], ["A", "b c"]]);
});

Deno.test("heads that two readers could read differently are refused", () => {
  const cases: [string, string][] = [
    ["no version", "GET /\r\n\r\n"],
    ["another version", "GET / HTTP/2.0\r\n\r\n"],
    ["two blanks", "GET  / HTTP/1.1\r\n\r\n"],
    ["a tab for a blank", "GET\t/ HTTP/1.1\r\n\r\n"],
    ["a blank in the target", "GET /a b HTTP/1.1\r\n\r\n"],
    ["a bare line feed", "GET / HTTP/1.1\nHost: x\r\n\r\n"],
    ["a bare line feed in a header", "GET / HTTP/1.1\r\nA: b\nContent-Length: 5\r\n\r\n"],
    ["a bare carriage return", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"],
    ["a zero byte", "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"],
    ["a folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"],
    ["a blank before the colon", "GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n"],
    ["a blank before the name", "GET / HTTP/1.1\r\n Host: x\r\n\r\n"],
    ["no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n"],
    ["a control character", "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n"],
    ["no name", "GET / HTTP/1.1\r\n: b\r\n\r\n"],
    ["too many", `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(300)}\r\n`],
  ];
  for (const [what, text] of cases) assert.throws(() => parseRequestHead(latin1(text)), what);
});

Deno.test("bodies whose end could be seen in two places are refused", () => {
  const cases: [string[], number][] = [
    [["Content-Length: 5", "Transfer-Encoding: chunked"], 400],
    [["Content-Length: 5", "Content-Length: 5"], 400],
    [["Content-Length: 5", "content-length: 6"], 400],
    [["Content-Length: 5, 5"], 400],
    [["Content-Length: +5"], 400],
    [["Content-Length: 0x5"], 400],
    [["Content-Length: -1"], 400],
    [["Content-Length: 5 "], 0],
    [["Content-Length: 99999999999999999"], 400],
    [["Transfer-Encoding: gzip, chunked"], 501],
    [["Transfer-Encoding: chunked, identity"], 501],
    [["Transfer-Encoding: xchunked"], 501],
    [["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 501],
    [["Transfer-Encoding: Chunked"], 0],
  ];
  for (const [lines, status] of cases) {
    const read = parseRequestHead(head("POST / HTTP/1.1", ...lines));
    if (status === 0) requestFraming(read);
    else assert.throws(() => requestFraming(read), { status }, lines.join());
  }
  const old = parseRequestHead(head("POST / HTTP/1.0", "Transfer-Encoding: chunked"));
  assert.throws(() => requestFraming(old), { status: 501 });
});

Deno.test("the end of a response follows from method and status", () => {
  const cases: [string, string, string[], string][] = [
    ["GET", "200 OK", ["Content-Length: 3"], "length"],
    ["HEAD", "200 OK", ["Content-Length: 3"], "none"],
    ["GET", "204 No Content", ["Content-Length: 3"], "none"],
    ["GET", "304 Not Modified", [], "none"],
    ["GET", "200 OK", ["Transfer-Encoding: chunked"], "chunked"],
    ["GET", "200", [], "close"],
  ];
  for (const [method, status, lines, kind] of cases) {
    const read = parseResponseHead(head(`HTTP/1.1 ${status}`, ...lines));
    assert.equal(responseFraming(read, method).kind, kind, `${method} ${status}`);
  }
});

Deno.test("headers of the connection stay behind, also those that it names", () => {
  const { headers } = parseRequestHead(
    head(
      "GET / HTTP/1.1",
      "Host: x",
      "Connection: close, X-Secret",
      "X-Secret: 1",
      "Proxy-Authorization: b",
      "TE: trailers",
      "Upgrade: h2c",
      "Accept: a",
    ),
  );
  assert.deepEqual(endToEnd(headers).map(([name]) => name), ["Host", "Accept"]);
  assert.throws(() => writeRequestHead("GET", "/", [["A", "b\r\nC: d"]]));
});

Deno.test("requests, bodies and what follows are found wherever the bytes are cut", async () => {
  const bytes = latin1(
    "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n" +
      "POST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nbody" +
      "GET /3 HTTP/1.1\r\nHost: c\r\n\r\n",
  );
  for (const sizes of [[1], [2], [3], [7], [1, 50], [64, 1, 1], [bytes.length]]) {
    const connection = new HttpConnection(stream(bytes, sizes));
    const seen: string[] = [];
    for (;;) {
      const request = await connection.readRequestHead();
      if (!request) break;
      const body = await collect(connection.body(requestFraming(request)));
      seen.push(`${request.target} ${new TextDecoder().decode(body)}`);
    }
    assert.deepEqual(seen, ["/1 hello0123456789", "/2 body", "/3 "], sizes.join());
  }
});

Deno.test("a message that is cut off anywhere is an error, never a shorter message", async () => {
  const whole = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (let length = 1; length < whole.length; length++) {
    const connection = new HttpConnection(stream(latin1(whole.slice(0, length))));
    await assert.rejects(async () => {
      const request = await connection.readRequestHead();
      await collect(connection.body(requestFraming(request!)));
    }, `${length} bytes`);
  }
});

Deno.test("chunks that two readers could read differently are refused", async () => {
  const bodies = [
    "5\nhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "5 \x01\r\nhello\r\n0\r\n\r\n",
    "-1\r\n\r\n",
    "fffffffff\r\n",
    "\r\n",
    "5\r\nhelloX\r\n0\r\n\r\n",
    `5;${"x".repeat(1000)}\r\nhello\r\n0\r\n\r\n`,
  ];
  for (const body of bodies) {
    const connection = new HttpConnection(stream(latin1(body), [3]));
    await assert.rejects(
      () => collect(connection.body({ kind: "chunked" })),
      JSON.stringify(body.slice(0, 20)),
    );
  }
});

Deno.test("random bytes never hang the parser nor pass for more than they are", async () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const seeds = "GET POST / HTTP/1.1 \r\n\r\n:Content-Length 5 Transfer-Encoding chunked 0 hello";
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: 1 + random(120) }, () => seeds[random(seeds.length)]).join("");
    const connection = new HttpConnection(stream(latin1(text), [1 + random(9)]));
    try {
      for (
        let request = await connection.readRequestHead();
        request;
        request = await connection.readRequestHead()
      ) {
        await collect(connection.body(requestFraming(request)));
      }
    } catch {
      // Refused.
    }
  }
});

Deno.test("a head that goes on for ever is refused before it is kept", async () => {
  const connection = new HttpConnection(
    stream(latin1(`GET / HTTP/1.1\r\nA: ${"x".repeat(200_000)}`), [4096]),
  );
  await assert.rejects(() => connection.readRequestHead(), { status: 431 });
});

Deno.test("a body is framed so that it is read back the same", async () => {
  const out = stream(new Uint8Array());
  const pieces = (async function* () {
    yield latin1("hello");
    yield new Uint8Array();
    yield latin1("world!");
  })();
  await writeBody(new HttpConnection(out), pieces, { kind: "chunked" });
  assert.equal(out.written, "5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n");
});

Deno.test("the target of a proxied request is one place, and Host agrees with it", () => {
  const cases: [string[], string | undefined][] = [
    [["GET http://example.com/a?b HTTP/1.1", "Host: example.com"], "example.com 80 http /a?b"],
    [["GET http://EXAMPLE.com:80 HTTP/1.1", "Host: example.com:80"], "example.com 80 http /"],
    [["GET http://example.com:8080/ HTTP/1.1", "Host: example.com:8080"], "example.com 8080 http /"],
    [["GET http://0x7f.1/ HTTP/1.1", "Host: 127.0.0.1"], "127.0.0.1 80 http /"],
    [["CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"], "example.com 443 tunnel "],
    [["CONNECT example.com:443 HTTP/1.1", "Host: example.com"], "example.com 443 tunnel "],
    [["CONNECT example.com:443 HTTP/1.0"], "example.com 443 tunnel "],
    [["GET http://example.com/ HTTP/1.1", "Host: evil.com"], undefined],
    [["GET http://example.com/ HTTP/1.1", "Host: example.com:8080"], undefined],
    [["GET http://example.com/ HTTP/1.1"], undefined],
    [["GET http://example.com/ HTTP/1.1", "Host: example.com", "Host: example.com"], undefined],
    [["GET http://user@example.com/ HTTP/1.1", "Host: example.com"], undefined],
    [["GET http://example.com\\@evil.com/ HTTP/1.1", "Host: example.com"], undefined],
    [["GET http://example.com#@evil.com/ HTTP/1.1", "Host: example.com"], undefined],
    [["GET / HTTP/1.1", "Host: example.com"], undefined],
    [["GET https://example.com/ HTTP/1.1", "Host: example.com"], undefined],
    [["GET ftp://example.com/ HTTP/1.1", "Host: example.com"], undefined],
    [["CONNECT example.com HTTP/1.1", "Host: example.com"], undefined],
    [["CONNECT http://example.com:443/ HTTP/1.1", "Host: example.com"], undefined],
    [["CONNECT example.com:443 HTTP/1.1", "Host: evil.com:443"], undefined],
    [["CONNECT example.com:443 HTTP/1.1", "Host: example.com", "Content-Length: 5"], undefined],
  ];
  for (const [lines, expected] of cases) {
    const request = parseRequestHead(head(...lines));
    if (expected === undefined) {
      assert.throws(() => requestTarget(request), lines.join(" | "));
    } else {
      const { target, path } = requestTarget(request);
      assert.equal(`${target.host.name} ${target.port} ${target.via} ${path}`, expected);
    }
  }
});

Deno.test("a path with a credential stays below its upstream", () => {
  const cases: [string, string, string | undefined][] = [
    ["", "/v1/messages?beta=true", "/v1/messages?beta=true"],
    ["/base", "/v1", "/base/v1"],
    ["/base", "", "/base/"],
    ["/base", "/../admin", undefined],
    ["/base", "/%2e%2e/admin", undefined],
    ["/base", "/.%2E/admin", undefined],
    ["/base", "/a\\..\\b", undefined],
    ["", "x", undefined],
  ];
  for (const [base, rest, path] of cases) assert.equal(upstreamPath(base, rest), path, `${base} ${rest}`);
});
