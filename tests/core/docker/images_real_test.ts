import { deepStrictEqual as equal, rejects } from "node:assert";
import { tarBytes, type TarFile, writeTar } from "../../../core/archive/tar_writer.ts";
import { buildImage, type BuildOptions } from "../../../core/docker/build.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import {
  imageHistory,
  importImage,
  inspectImage,
  listImages,
  loadImages,
  pruneImages,
  removeImage,
  saveImages,
  tagImage,
} from "../../../core/docker/images.ts";
import { inspectContainer, listContainers } from "../../../core/docker/containers.ts";
import { type Engine, engineTest, execute, runToEnd, testContainer } from "../../support/engine_test.ts";

engineTest("an image gets names, is listed and loses them", async (engine) => {
  const { docker, image, unique } = engine;
  const name = unique();
  equal(await inspectImage(docker, name), undefined);
  await tagImage(docker, image, { target: `${name}/a:1` });
  const { Id, RepoTags, Config } = (await inspectImage(docker, `${name}/a:1`))!;
  equal([RepoTags!.includes(`${name}/a:1`), Config?.Cmd], [true, ["sh"]]);
  const listed = await listImages(docker, { filters: { reference: [`${name}/*`] } });
  equal(listed.map(({ Id }) => Id), [Id]);
  equal((await imageHistory(docker, image))[0].Size > 100_000, true);
  equal(await removeImage(docker, `${name}/a:1`), [{ Untagged: `${name}/a:1` }]);
  await rejects(() => removeImage(docker, `${name}/a:1`), { code: "not_found" });
  await using _ = await testContainer(engine);
  await rejects(() => removeImage(docker, Id), { code: "conflict" });
});

engineTest(
  "an image goes out as a tar and comes in again; a file system becomes an image",
  async (engine) => {
    const { docker, unique } = engine;
    const repo = unique();
    const files: TarFile[] = [{ name: "hello", content: "hi" }];
    const id = await importImage(docker, writeTar(files), {
      repo,
      tag: "1",
      changes: ["ENV A=1", 'CMD ["/hello"]'],
    });
    const { Config } = (await inspectImage(docker, `${repo}:1`))!;
    equal([Config?.Cmd, Config?.Env?.includes("A=1")], [["/hello"], true]);
    const saved = new Uint8Array(await new Response(await saveImages(docker, [`${repo}:1`])).arrayBuffer());
    await removeImage(docker, `${repo}:1`);
    equal(await inspectImage(docker, id), undefined);
    const messages = await Array.fromAsync(loadImages(docker, ReadableStream.from([saved])));
    equal(messages.some(({ stream }) => stream?.includes(`Loaded image: ${repo}:1`)), true);
    equal((await inspectImage(docker, `${repo}:1`))?.Id, id);
    await removeImage(docker, `${repo}:1`);
    await rejects(() => Array.fromAsync(loadImages(docker, new TextEncoder().encode("no tar"))), Error);
  },
);

async function build(docker: Docker, files: Record<string, string>, options: BuildOptions = {}) {
  const context = await tarBytes(Object.entries(files).map(([name, content]) => ({ name, content })));
  let [text, id] = ["", ""];
  for await (
    const { stream, aux } of buildImage(docker, context, {
      networkMode: "none",
      forceRemove: true,
      ...options,
    })
  ) {
    text += stream ?? "";
    id = aux?.ID ?? id;
  }
  return { text, id };
}

engineTest("a build prints its steps and gives the image", async (engine) => {
  const { docker, image, unique } = engine;
  const tag = `${unique()}:1`;
  const files = {
    "docker/file":
      `FROM ${image} AS base\nARG A\nCOPY data /data\nRUN echo "A is $A" && cat /data > /copy\n` +
      `FROM base AS last\nRUN exit 1\n`,
    data: "from the context\n",
  };
  const labels = { "skiff-test": "ü" };
  const options = { tags: [tag], dockerfile: "docker/file", buildArgs: { A: "b c" }, target: "base", labels };
  const { text, id } = await build(docker, files, options);
  equal([/Step 1\/\d/.test(text), text.includes("A is b c\n"), id.startsWith("sha256:")], [true, true, true]);
  const { Id, Config } = (await inspectImage(docker, tag))!;
  equal([Id, Config?.Labels?.["skiff-test"]], [id, "ü"]);
  await using container = await testContainer(engine, { Image: tag });
  equal((await execute(engine, container.id, ["cat", "/copy"])).stdout, "from the context\n");
  await container[Symbol.asyncDispose]();
  await removeImage(docker, tag);
});

const failures: { name: string; files: (engine: Engine) => Record<string, string>; error: unknown }[] = [
  {
    name: "a step that fails",
    files: ({ image }) => ({ Dockerfile: `FROM ${image}\nRUN echo no >&2; exit 42` }),
    error: (error: any) =>
      /returned a non-zero code: 42/.test(error.message) && error.details.exitCode === 42,
  },
  { name: "no Dockerfile", files: () => ({ other: "x" }), error: { message: /Dockerfile/ } },
  {
    name: "a word that is no instruction",
    files: ({ image }) => ({ Dockerfile: `FROM ${image}\nRUM x` }),
    error: { code: "invalid_input", message: /unknown instruction: RUM/i },
  },
];

for (const { name, files, error } of failures) {
  engineTest(`a build with ${name} is an error with the builder's words`, async (engine) => {
    await rejects(() => build(engine.docker, files(engine)), error as any);
  });
}

engineTest("a large context is streamed; what its source throws ends the build", async (engine) => {
  const { docker, image } = engine;
  async function* context(fails: boolean) {
    yield await tarStart([{ name: "Dockerfile", content: `FROM ${image}\nRUN ls\n` }]);
    const big = { size: 30 << 20, pieces: pieces(fails) };
    yield* writeTar([{ name: "big", content: big }]);
  }
  async function* pieces(fails: boolean) {
    for (let i = 0; i < 30; i++) {
      if (fails && i === 20) throw new RangeError("cannot read");
      yield new Uint8Array(1 << 20).fill(i);
    }
  }
  const messages = await Array.fromAsync(buildImage(docker, context(false), { networkMode: "none" }));
  const id = messages.find(({ aux }) => aux?.ID)!.aux!.ID!;
  await removeImage(docker, id);
  await rejects(() => Array.fromAsync(buildImage(docker, context(true))), RangeError);
});

engineTest("leaving a build stops it", async (engine) => {
  const { docker, image, unique } = engine;
  const name = unique();
  const Dockerfile = `FROM ${image}\nLABEL ${name}=1\nRUN echo begin; sleep 3600`;
  for await (
    const { stream } of buildImage(docker, await tarBytes([{ name: "Dockerfile", content: Dockerfile }]))
  ) {
    if (stream?.includes("begin")) break;
  }
  const filters = { label: [name], status: ["running"] };
  const exits = (await listContainers(docker, { filters })).map(({ Id }) => Id);
  for (const id of exits) while ((await inspectContainer(docker, id).catch(() => undefined))?.State.Running);
});

engineTest("pruning takes images without a name that have the label", async (engine) => {
  const { docker, image, unique } = engine;
  const label = unique();
  const { id } = await build(docker, { Dockerfile: `FROM ${image}\nLABEL ${label}=1` });
  const { ImagesDeleted } = await pruneImages(docker, { filters: { label: [label] } });
  equal(ImagesDeleted?.some(({ Deleted }) => Deleted === id), true);
});

engineTest("an image's own user and command run", async (engine) => {
  const { docker, image, unique } = engine;
  const tag = `${unique()}:1`;
  await build(docker, {
    Dockerfile: `FROM ${image}\nUSER agent\nCMD ["sh", "-c", "exit $(id -u | cut -c1-2)"]`,
  }, {
    tags: [tag],
  });
  const container = await testContainer(engine, { Image: tag, Cmd: undefined, start: false });
  equal(await runToEnd(engine, container.id), 10);
  await container[Symbol.asyncDispose]();
  await removeImage(docker, tag);
});

/** An archive without its end, to be gone on with. */
async function tarStart(files: TarFile[]): Promise<Uint8Array> {
  return (await tarBytes(files)).subarray(0, -1024);
}
