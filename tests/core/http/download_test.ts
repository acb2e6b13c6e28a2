import { deepStrictEqual as equal, rejects } from "node:assert";
import { createHash } from "node:crypto";
import { download } from "../../../core/http/download.ts";
import { request } from "../../../core/http/request.ts";
import { cutOff, serveFiles } from "../../support/file_server.ts";

const body = new Uint8Array(200_000).map((_, i) => (i * 31) ^ (i >> 8));
const sha256 = createHash("sha256").update(body).digest("hex");
const fast = { retryDelaysMs: [0, 0, 0] };

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(`${folder}/file`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function range(url: string, identity = "a", from = 0, to: number | undefined = undefined) {
  return { url: `${url}/file`, from, to, identity };
}

Deno.test("download goes on by range each time that the connection breaks", () =>
  inFolder(async (path) => {
    await using server = serveFiles({ "/file": { body, etag: '"1"' } });
    server.fault = (_, answer) => server.log.length < 4 ? cutOff(answer(), 50_000) : undefined;
    const bytes: number[] = [];
    const result = await download(range(server.url), path, { ...fast, onBytes: (n) => bytes.push(n) });
    equal(result, { sha256, bytes: body.length, resumed: false });
    equal(server.log[0], "GET /file");
    equal(server.log.slice(1).every((line) => /bytes=[1-9]\d*-$/.test(line)), true);
    equal(bytes.toSorted((a, b) => a - b), bytes);
  }));

Deno.test("download starts over when the server has no ranges, or the file has changed", async () => {
  for (const change of [{ noRanges: true }, { etag: '"2"' }]) {
    await inFolder(async (path) => {
      await using server = serveFiles({ "/file": { body: new Uint8Array(200_000), etag: '"1"' } });
      server.fault = (_, answer) => {
        if (server.log.length > 1) return undefined;
        const cut = cutOff(answer(), 50_000);
        server.files.set("/file", { body, etag: '"1"', ...change });
        return cut;
      };
      equal((await download(range(server.url), path, fast)).sha256, sha256);
    });
  }
});

Deno.test("download takes a part of a file from servers with and without ranges", async () => {
  for (const noRanges of [false, true]) {
    await inFolder(async (path) => {
      await using server = serveFiles({ "/file": { body, noRanges } });
      await download(range(server.url, "a", 1000, 150_000), path, fast);
      equal(await Deno.readFile(path), body.slice(1000, 150_000));
    });
  }
});

Deno.test("download goes on with what an earlier call left, and only if it is of the same thing", () =>
  inFolder(async (path) => {
    await using server = serveFiles({ "/file": { body, etag: '"1"' } });
    server.fault = (_, answer) => cutOff(answer(), 50_000);
    await rejects(download(range(server.url), path, { retryDelaysMs: [] }), { code: "network" });
    server.fault = undefined;
    const result = await download(range(server.url), path, fast);
    equal(result, { sha256, bytes: body.length, resumed: true });
    await download(range(server.url), path, fast);
    equal(server.log.length, 2, "a finished file needs no request");
    await download(range(server.url, "b"), path, fast);
    equal(server.log[2], "GET /file");
  }));

Deno.test("download gives up a connection on which nothing comes", () =>
  inFolder(async (path) => {
    await using server = serveFiles({ "/file": { body } });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.fault = (_, answer) => server.log.length === 1 ? cutOff(answer(), 50_000, promise) : undefined;
    equal((await download(range(server.url), path, { ...fast, stallMs: 50 })).sha256, sha256);
    resolve();
  }));

Deno.test("download stops at once when its signal fires, and leaves what it has", () =>
  inFolder(async (path) => {
    await using server = serveFiles({ "/file": { body, etag: '"1"' } });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.fault = (_, answer) => cutOff(answer(), 50_000, promise);
    const abort = new AbortController();
    const onBytes = (n: number) => n > 10_000 && abort.abort();
    await rejects(download(range(server.url), path, { signal: abort.signal, onBytes }), {
      code: "interrupted",
    });
    resolve();
    equal((await Deno.stat(path)).size > 10_000, true);
  }));

Deno.test("request tries again on 503, gives 404 through and says why a host cannot be reached", async () => {
  await using server = serveFiles({ "/file": { body: "x" } });
  server.fault = () => server.log.length < 3 ? new Response(null, { status: 503 }) : undefined;
  const said: string[] = [];
  const response = await request(`${server.url}/file`, { ...fast, onRetry: (text) => said.push(text) });
  equal(await response.text(), "x");
  equal(said.length, 2);
  const missing = await request(`${server.url}/none`, fast);
  await missing.body?.cancel();
  equal(missing.status, 404);
  const closed = serveFiles();
  await closed[Symbol.asyncDispose]();
  await rejects(request(closed.url), { code: "network", message: /: the connection is refused$/ });
  // Too long for DNS, so that no name server is asked, which may take its time to say no.
  const nowhere = `${"x".repeat(64)}.invalid`;
  await rejects(request(`http://${nowhere}/`), { code: "network", message: /cannot be resolved/ });
});

Deno.test("request leaves the credential behind when it is sent to another host", async () => {
  await using other = serveFiles({ "/file": { body: "x" } });
  await using server = serveFiles();
  const seen: (string | null)[] = [];
  other.fault = (asked) => void seen.push(asked.headers.get("authorization"));
  server.fault = () => new Response(null, { status: 302, headers: { location: `${other.url}/file` } });
  const response = await request(server.url, { headers: { authorization: "Bearer secret" } });
  equal(await response.text(), "x");
  equal(seen, [null]);
});
