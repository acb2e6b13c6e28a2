/** HTTP servers on a free port of this machine that serve bytes, with the faults of real ones on demand. */

export interface Served {
  body: Uint8Array<ArrayBuffer> | string;
  type?: string;
  /** Answers 200 with all of it, whatever range is asked for. */
  noRanges?: boolean;
  etag?: string;
}

export interface FileServer extends AsyncDisposable {
  /** "http://127.0.0.1:<port>" */
  url: string;
  /** By path, e.g. "/a.txt"; may be changed at any time. */
  files: Map<string, Served>;
  /** "GET /a.txt bytes=5-9" for each request. */
  log: string[];
  /** Called before an answer; what it gives replaces the answer. */
  fault?: (request: Request, answer: () => Response) => Response | undefined | Promise<Response | undefined>;
}

export function serveFiles(files: Record<string, Served> = {}): FileServer {
  const server: FileServer = {
    url: "",
    files: new Map(Object.entries(files)),
    log: [],
    [Symbol.asyncDispose]: () => listener.shutdown(),
  };
  const listener = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname;
    server.log.push(`${request.method} ${path} ${request.headers.get("range") ?? ""}`.trim());
    const answer = () => answerFile(request, server.files.get(path));
    return await server.fault?.(request, answer) ?? answer();
  });
  server.url = `http://127.0.0.1:${listener.addr.port}`;
  return server;
}

function answerFile(request: Request, file: Served | undefined): Response {
  if (file === undefined) return new Response("not found", { status: 404 });
  const bytes = typeof file.body === "string" ? new TextEncoder().encode(file.body) : file.body;
  const headers = new Headers({ "content-type": file.type ?? "application/octet-stream" });
  if (file.etag) headers.set("etag", file.etag);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  const condition = request.headers.get("if-range");
  if (!range || file.noRanges || (condition !== null && condition !== file.etag)) {
    headers.set("content-length", String(bytes.length));
    return new Response(bytes, { headers });
  }
  const from = Number(range[1]);
  const to = Math.min(range[2] === "" ? bytes.length : Number(range[2]) + 1, bytes.length);
  if (from >= bytes.length) return new Response(null, { status: 416 });
  headers.set("content-range", `bytes ${from}-${to - 1}/${bytes.length}`);
  return new Response(bytes.slice(from, to), { status: 206, headers });
}

/** The answer with only its first `bytes` bytes, then a broken connection; `wait` holds it there first. */
export function cutOff(answer: Response, bytes: number, wait?: Promise<unknown>): Response {
  let left = bytes;
  const body = answer.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(piece, controller) {
        controller.enqueue(piece.subarray(0, left));
        left -= piece.length;
        if (left > 0) return;
        await wait;
        controller.error(new Error("cut off"));
      },
    }),
  );
  const headers = new Headers(answer.headers);
  return new Response(body, { status: answer.status, headers });
}

/** The page of a project in a package index (PEP 691), for wheels that the same server has under /wheels/. */
export function projectPage(wheels: { filename: string; sha256: string; size: number }[]): Served {
  const files = wheels.map(({ filename, sha256, size }) => ({
    filename,
    url: `/wheels/${filename}`,
    hashes: { sha256 },
    size,
    "upload-time": "2025-02-07T07:03:18.840953Z",
    yanked: false,
  }));
  return { body: JSON.stringify({ files }), type: "application/vnd.pypi.simple.v1+json" };
}
