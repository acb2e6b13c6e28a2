import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import { openStore } from "../../../inference/store/mod.ts";
import type { ModelStore } from "../../../inference/store/model_store.ts";
import { serveFiles } from "../../support/file_server.ts";
import { type Artifact, digestOf, serveRegistry } from "../../support/registry_server.ts";
import { tinyGguf } from "../../support/tiny_gguf.ts";

const weights = tinyGguf({ floats: 5000 });
const template = new TextEncoder().encode("{{ messages[0].content }}");

const dockerModel: Artifact = {
  configType: "application/vnd.docker.ai.model.config.v0.1+json",
  config: {
    config: {
      format: "gguf",
      quantization: "Q4_K_M",
      parameters: "361.82M",
      architecture: "llama",
      size: "256.35MiB",
      context_size: 8192,
    },
    descriptor: { created: "2025-03-24T11:49:41Z" },
  },
  layers: [
    { mediaType: "application/vnd.docker.ai.gguf.v3", bytes: weights },
    { mediaType: "application/vnd.docker.ai.chat.template.jinja", bytes: template },
  ],
};

async function withStore(
  env: Record<string, string>,
  work: (store: ModelStore, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const settings = {
    env: { get: (name: string) => ({ HOME: folder, ...env } as Record<string, string>)[name] },
    aliases: {},
    retryDelaysMs: [],
  };
  try {
    await work(openStore(`${folder}/models`, settings), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("pull takes a model out of a registry with tokens, under the manifest's own digest", async () => {
  const { server, host, push } = serveRegistry();
  await using _server = server;
  const id = push("ai/tiny", "q4", dockerModel);
  await withStore({}, async (store) => {
    const { model, cached } = await store.pull(`${host}/ai/tiny:q4`);
    equal([model.id, model.created, cached], [id, 1742816981, false]);
    equal([model.config.parameters, model.config.context_size], ["361.82M", 8192]);
    equal(model.layers.map(({ kind }) => kind), ["gguf", "template"]);
    const files = await store.files(model);
    equal(await Deno.readFile(files.weights[0]), weights);
    equal(await Deno.readFile(files.chatTemplate!), template);
    server.log.length = 0;
    equal((await store.pull(`${host}/ai/tiny:q4`)).cached, true);
    equal(
      server.log.some((line) => line.includes("/blobs/sha256:") && line.includes(digestOf(weights))),
      false,
    );
    equal((await store.pull(`${host}/ai/tiny@${id}`)).model.id, id);
  });
});

Deno.test("pull of a tag that was moved gets the new model and leaves the old one without it", async () => {
  const { server, host, push } = serveRegistry();
  await using _server = server;
  push("ai/tiny", "q4", dockerModel);
  await withStore({}, async (store) => {
    const { model: old } = await store.pull(`${host}/ai/tiny:q4`);
    const id = push("ai/tiny", "q4", {
      ...dockerModel,
      layers: [{ ...dockerModel.layers[0], bytes: tinyGguf({ name: "new" }) }],
    });
    equal((await store.pull(`${host}/ai/tiny:q4`)).model.id, id);
    equal((await store.find(old.id))?.tags, []);
  });
});

Deno.test("pull logs in with what Docker's config holds, and says unauthorized without", async () => {
  const { server, host, push } = serveRegistry({ login: "me:secret" });
  await using _server = server;
  push("org/private", "latest", dockerModel);
  await withStore({}, async (store, folder) => {
    await rejects(store.pull(`${host}/org/private`), { code: "unauthorized" });
    await Deno.mkdir(`${folder}/.docker`);
    await Deno.writeTextFile(
      `${folder}/.docker/config.json`,
      JSON.stringify({ auths: { [host]: { auth: btoa("me:secret") } } }),
    );
    ok((await store.pull(`${host}/org/private`)).model);
  });
});

Deno.test("pull refuses a registry's wrong blobs, wrong manifests, and artifacts that are no models", async () => {
  const { server, host, push } = serveRegistry();
  await using _server = server;
  const id = push("ai/tiny", "latest", dockerModel);
  push("library/alpine", "latest", {
    ...dockerModel,
    configType: "application/vnd.oci.image.config.v1+json",
  });
  await withStore({}, async (store) => {
    await rejects(store.pull(`${host}/library/alpine`), { code: "unsupported" });
    await rejects(store.pull(`${host}/ai/none`), { code: "not_found" });
    server.files.get(`/v2/ai/tiny/blobs/${digestOf(weights)}`)!.body = weights.map((byte) => byte ^ 1);
    await rejects(store.pull(`${host}/ai/tiny`), { code: "corrupt" });
    server.files.set(`/v2/ai/tiny/manifests/${id}`, server.files.get("/v2/library/alpine/manifests/latest")!);
    await rejects(store.pull(`${host}/ai/tiny@${id}`), { code: "corrupt" });
    equal(await store.list(), []);
  });
});

/** Hugging Face's API for one repository. */
function serveHuggingFace(paths: string[]) {
  const server = serveFiles();
  const tree = paths.map((path) => {
    const [, index, count] = /-(\d{5})-of-(\d{5})/.exec(path) ?? [];
    const shard = count ? { index: Number(index) - 1, count: Number(count) } : undefined;
    const body = tinyGguf({ name: path, shard });
    server.files.set(`/Org/Repo/resolve/main/${path}`, { body });
    return {
      type: "file",
      path,
      size: body.length,
      oid: "x",
      lfs: { oid: digestOf(body).slice(7), size: body.length },
    };
  });
  server.files.set("/api/models/Org/Repo/tree/main", {
    body: JSON.stringify(tree),
    type: "application/json",
  });
  server.files.set("/api/models/Org/Repo/revision/main", {
    body: '{"lastModified":"2025-01-02T03:04:05.000Z"}',
  });
  return server;
}

const quantisations = [
  "m-Q4_K_M.gguf",
  "m-Q8_0-00001-of-00002.gguf",
  "m-Q8_0-00002-of-00002.gguf",
  "mmproj-m-f16.gguf",
];
for (
  const [tag, weights] of [
    ["", ["m-Q4_K_M.gguf"]],
    [":q8_0", ["m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"]],
  ] as const
) {
  Deno.test(`pull of hf.co/Org/Repo${tag} takes ${weights.join(" and ")} with the projector`, async () => {
    await using server = serveHuggingFace(quantisations);
    await withStore({ HF_ENDPOINT: server.url, HF_TOKEN: "t" }, async (store) => {
      const { model } = await store.pull(`hf.co/Org/Repo${tag}`);
      equal(model.layers.map(({ name }) => name), [...weights, "mmproj-m-f16.gguf"]);
      equal([model.tags, model.created], [
        [`huggingface.co/org/repo:${tag.slice(1) || "latest"}`],
        1735787045,
      ]);
    });
  });
}

Deno.test("pull from Hugging Face names what there is in place of an unknown quantisation, and HF_TOKEN when refused", async () => {
  await using server = serveHuggingFace(quantisations);
  await withStore({ HF_ENDPOINT: server.url }, async (store) => {
    await rejects(store.pull("hf.co/Org/Repo:IQ1_S"), { code: "not_found", hint: /m-Q4_K_M\.gguf, m-Q8_0/ });
    server.fault = () => new Response(null, { status: 401 });
    await rejects(store.pull("hf.co/Org/Repo"), { code: "unauthorized", hint: /HF_TOKEN/ });
  });
});
