import { deepStrictEqual as equal, rejects } from "node:assert";
import { openStore } from "../../../inference/store/mod.ts";
import type { ModelStore } from "../../../inference/store/model_store.ts";
import { tinyGguf } from "../../support/tiny_gguf.ts";

async function withStore(work: (store: ModelStore, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await work(openStore(`${folder}/models`, { env: { get: () => undefined }, aliases: {} }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(path: string, name: string): Promise<string> {
  await Deno.writeFile(path, tinyGguf({ name }));
  await Deno.utime(path, 1_700_000_000, 1_700_000_000);
  return path;
}

Deno.test("an empty store lists nothing, finds nothing and makes nothing", () =>
  withStore(async (store, folder) => {
    equal([await store.list(), await store.find("smollm2"), await store.diskUsage()], [[], undefined, {
      bytes: 0,
    }]);
    equal([...Deno.readDirSync(folder)], []);
  }));

Deno.test("importFile uses a file where it lies, or copies it, under the same id", () =>
  withStore(async (store, folder) => {
    const path = await write(`${folder}/a.gguf`, "a");
    const inPlace = await store.importFile(path, { tag: "org/a" });
    equal((await store.files(inPlace)).weights, [path]);
    equal([inPlace.created, inPlace.config.quantization], [1_700_000_000, "F32"]);
    equal((await store.find(path))?.id, inPlace.id);
    const copied = await store.importFile(path, { tag: "org/b", copy: true });
    equal([copied.id, copied.tags], [inPlace.id, ["docker.io/org/a:latest", "docker.io/org/b:latest"]]);
    await Deno.remove(path);
    equal(await Deno.readFile((await store.files(copied)).weights[0]), tinyGguf({ name: "a" }));
  }));

Deno.test("a file in place that is gone, or has changed, is not opened as what it was", () =>
  withStore(async (store, folder) => {
    const path = await write(`${folder}/a.gguf`, "a");
    const { model } = await store.pull(path);
    equal((await store.pull(path)).cached, true);
    await Deno.writeFile(path, tinyGguf({ name: "changed" }));
    await rejects(store.files(model), { code: "corrupt" });
    equal(await store.find(path), undefined);
    const changed = await store.pull(path);
    equal([changed.cached, changed.model.config.gguf?.["general.name"]], [false, "changed"]);
    await Deno.remove(path);
    await rejects(store.files(changed.model), { code: "corrupt" });
    await rejects(store.pull(path), { code: "not_found" });
  }));

Deno.test("importFile takes all shards, and says which is missing", () =>
  withStore(async (store, folder) => {
    const paths = [1, 2].map((i) => `${folder}/big-0000${i}-of-00002.gguf`);
    await write(paths[0], "1");
    await rejects(store.importFile(paths[0]), {
      code: "invalid_input",
      message: /00002-of-00002\.gguf is missing/,
    });
    await write(paths[1], "2");
    equal((await store.files(await store.importFile(paths[1]))).weights, paths);
    await Deno.writeTextFile(`${folder}/text.gguf`, "this is no model");
    await rejects(store.importFile(`${folder}/text.gguf`), { code: "corrupt" });
  }));

Deno.test("find takes names, ids, parts of ids and last parts of names", () =>
  withStore(async (store, folder) => {
    const a = await store.importFile(await write(`${folder}/a.gguf`, "a"), { tag: "ai/a" });
    const b = await store.importFile(await write(`${folder}/b.gguf`, "b"), { tag: "org/b:q4" });
    for (const name of ["a", "ai/a", "docker.io/ai/a:latest", a.id, a.id.slice(7, 19)]) {
      equal((await store.find(name))?.id, a.id, name);
    }
    equal((await store.find("b:q4"))?.id, b.id);
    equal([await store.find("b"), await store.find("other/b:q4")], [undefined, undefined]);
    await store.tag("a", "else/b:q4");
    await rejects(store.find("b:q4"), { code: "conflict" });
  }));

Deno.test("tag moves a name; remove takes names away and, with the last one, the model", () =>
  withStore(async (store, folder) => {
    const a = await store.importFile(await write(`${folder}/a.gguf`, "a"), { tag: "a", copy: true });
    const b = await store.importFile(await write(`${folder}/b.gguf`, "b"), { tag: "b", copy: true });
    equal((await store.tag("b", "a")).tags, ["docker.io/ai/b:latest", "docker.io/ai/a:latest"]);
    equal((await store.find(a.id))?.tags, []);
    await rejects(store.remove(b.id), { code: "conflict" });
    equal(await store.remove("a"), [{ Untagged: "docker.io/ai/a:latest" }]);
    equal(await store.remove(a.id), [{ Deleted: a.id }]);
    equal(await store.remove(b.id, { force: true }), [{ Untagged: "docker.io/ai/b:latest" }, {
      Deleted: b.id,
    }]);
    await rejects(store.remove("b"), { code: "not_found" });
    equal([...Deno.readDirSync(`${store.folder}/blobs/sha256`)], []);
    equal([...Deno.readDirSync(`${store.folder}/manifests/sha256`)], []);
  }));

Deno.test("removing a model keeps the blobs that another one lists", () =>
  withStore(async (store, folder) => {
    const path = await write(`${folder}/a.gguf`, "a");
    const first = await store.importFile(path, { tag: "a", copy: true });
    await Deno.utime(path, 1_800_000_000, 1_800_000_000); // another time of creation: another id
    const second = await store.importFile(path, { tag: "b", copy: true });
    equal(first.id === second.id, false);
    await store.remove("a");
    equal((await store.files((await store.find("b"))!)).weights.length, 1);
    await store.purge();
    equal(await store.list(), []);
    equal(await Deno.stat(path).then(() => true), true);
  }));

Deno.test("a model of which a blob or the manifest is missing or damaged is not listed", () =>
  withStore(async (store, folder) => {
    const path = await write(`${folder}/a.gguf`, "a");
    const damages: ((id: string, blob: string) => Promise<void>)[] = [
      (_, blob) => Deno.remove(blob),
      (_, blob) => Deno.truncate(blob, 10),
      (id) => Deno.writeTextFile(`${store.folder}/manifests/sha256/${id.slice(7)}`, "{}"),
    ];
    for (const damage of damages) {
      const model = await store.importFile(path, { copy: true });
      equal((await store.list()).length, 1);
      await damage(model.id, (await store.files(model)).weights[0]);
      equal(await store.list(), []);
      await store.purge();
    }
  }));

Deno.test("a half-written index is an error that names the file", () =>
  withStore(async (store, folder) => {
    await store.importFile(await write(`${folder}/a.gguf`, "a"));
    await Deno.writeTextFile(`${store.folder}/models.json`, '{"models": [{"id"');
    await rejects(store.list(), { code: "corrupt", message: /models\.json/ });
  }));

Deno.test("changes of many at once are all kept", () =>
  withStore(async (store, folder) => {
    const names = Array.from({ length: 8 }, (_, i) => `m${i}`);
    await Promise.all(
      names.map(async (name) => store.importFile(await write(`${folder}/${name}.gguf`, name), { tag: name })),
    );
    equal(
      (await store.list()).map(({ tags }) => tags[0]).toSorted(),
      names.map((name) => `docker.io/ai/${name}:latest`),
    );
  }));
