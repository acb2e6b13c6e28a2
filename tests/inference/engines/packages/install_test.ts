/** Installing files of npm packages: what is planted, damaged or unlisted is never left to be loaded. A local registry serves. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { installFiles } from "../../../../inference/engines/packages/install.ts";
import type { FileSet, NpmPackage } from "../../../../inference/engines/packages/npm_package.ts";
import { makeTar } from "../../../support/archives.ts";

const contents: Record<string, Uint8Array<ArrayBuffer>> = {
  "libggml-base.so": new Uint8Array(1000).fill(1),
  "libggml-cpu-x64.so": new Uint8Array(70_000).fill(2),
  "libllama.v0.5.0.so": new Uint8Array(300).fill(3),
};

function hashOf(algorithm: string, bytes: Uint8Array, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

/** A package as the registry has it, and the set that pins it. */
function published(files = contents): { tarball: Uint8Array<ArrayBuffer>; set: FileSet } {
  const members = Object.entries(files).map(([name, content]) => ({
    name: `package/bins/x/${name}`,
    content: new TextDecoder().decode(content),
  }));
  const readme = { name: "package/README.md", content: "libraries" };
  const tarball = new Uint8Array(gzipSync(makeTar([readme, ...members])));
  const row: NpmPackage = {
    scope: "@test",
    name: "test-x64",
    version: "1.2.3",
    integrity: `sha512-${hashOf("sha512", tarball, "base64")}`,
    bytes: tarball.length,
    files: Object.entries(contents).map(([name, content]) => ({
      name,
      path: `bins/x/${name}`,
      bytes: content.length,
      sha256: hashOf("sha256", content, "hex"),
    })),
  };
  const pinned = row.files.map((file) => ({ ...file, package: row }));
  return { tarball, set: { name: "test-x64-1.2.3", files: pinned } };
}

interface World {
  root: string;
  folder: string;
  registry: string;
  /** Paths that the registry was asked for. */
  requests: string[];
  install(set: FileSet, registry?: string): Promise<string>;
}

async function withRegistry(
  answer: (path: string) => Uint8Array<ArrayBuffer> | undefined,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    const bytes = answer(pathname);
    return bytes ? new Response(bytes) : new Response("none", { status: 404 });
  });
  const temporary = await Deno.makeTempDir();
  const root = `${temporary}/native`;
  const registry = `http://127.0.0.1:${server.addr.port}/`;
  try {
    await body({
      root,
      folder: `${root}/test-x64-1.2.3`,
      registry,
      requests,
      install: (set, from = registry) => installFiles(set, { root, registry: from }),
    });
  } finally {
    await server.shutdown();
    await Deno.remove(temporary, { recursive: true });
  }
}

async function assertInstalled(folder: string): Promise<void> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, Object.keys(contents).sort());
  for (const [name, content] of Object.entries(contents)) {
    assert.deepEqual(await Deno.readFile(`${folder}/${name}`), content, name);
    assert.ok((await Deno.lstat(`${folder}/${name}`)).isFile, name);
  }
}

const isCode = (code: string) => (error: unknown) => error instanceof SkiffError && error.code === code;

Deno.test("installFiles downloads once, into a private folder", async () => {
  const { tarball, set } = published();
  await withRegistry(() => tarball, async ({ install, folder, requests }) => {
    assert.equal(await install(set), folder);
    await assertInstalled(folder);
    assert.equal((await Deno.lstat(folder)).mode! & 0o777, 0o700);
    await install(set, "http://127.0.0.1:1");
    assert.deepEqual(requests, ["/@test/test-x64/-/test-x64-1.2.3.tgz"]);
  });
});

Deno.test("installFiles replaces texts in a file, and pins what comes of it", async () => {
  const { tarball, set } = published({
    ...contents,
    "glue.mjs": new TextEncoder().encode("if (node) a(); b(node);"),
  });
  const wanted = new TextEncoder().encode("if (false) a(); b(false);");
  const file = {
    name: "glue.mjs",
    path: "bins/x/glue.mjs",
    bytes: wanted.length,
    sha256: hashOf("sha256", wanted, "hex"),
    edits: [{ find: "node", replace: "false" }],
    bytesBefore: 23,
    package: set.files[0].package,
  };
  await withRegistry(() => tarball, async ({ install, folder, requests }) => {
    await install({ ...set, files: [file] });
    assert.equal(await Deno.readTextFile(`${folder}/glue.mjs`), "if (false) a(); b(false);");
    await install({ ...set, files: [file] }, "http://127.0.0.1:1");
    assert.equal(requests.length, 1);
  });
});

const spoilers: [string, (folder: string) => Promise<void>][] = [
  ["a truncated library", (folder) => Deno.truncate(`${folder}/libggml-cpu-x64.so`, 100)],
  ["a planted library of the same size", async (folder) => {
    await Deno.writeFile(`${folder}/libggml-base.so`, new Uint8Array(1000).fill(9));
  }],
  ["a missing library", (folder) => Deno.remove(`${folder}/libllama.v0.5.0.so`)],
  ["a link in place of a library", async (folder) => {
    await Deno.rename(`${folder}/libggml-base.so`, `${folder}/elsewhere`);
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/libggml-base.so`);
  }],
  ["a library with a second name", (folder) => Deno.link(`${folder}/libggml-base.so`, `${folder}/../other`)],
  ["a library that others may write", (folder) => Deno.chmod(`${folder}/libggml-base.so`, 0o666)],
  ["a folder in place of a library", async (folder) => {
    await Deno.remove(`${folder}/libggml-base.so`);
    await Deno.mkdir(`${folder}/libggml-base.so/x`, { recursive: true });
  }],
  ["an unlisted library", (folder) => Deno.writeTextFile(`${folder}/libggml-evil.so`, "evil")],
  ["an unlisted folder", (folder) => Deno.mkdir(`${folder}/sub/sub`, { recursive: true })],
  ["a folder that others may write", (folder) => Deno.chmod(folder, 0o777)],
];

for (const [what, spoil] of spoilers) {
  Deno.test({
    name: `installFiles puts right ${what}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const { tarball, set } = published();
      await withRegistry(() => tarball, async ({ install, folder }) => {
        await install(set);
        await spoil(folder);
        await install(set);
        await assertInstalled(folder);
        assert.equal((await Deno.lstat(folder)).mode! & 0o777, 0o700);
      });
    },
  });
}

Deno.test("installFiles refuses what the registry serves when it is not the pinned package", async () => {
  const { tarball, set } = published();
  const altered = tarball.slice();
  altered[altered.length - 20] ^= 1;
  const cases: [string, Uint8Array<ArrayBuffer> | undefined, string][] = [
    ["altered", altered, "corrupt"],
    ["longer", new Uint8Array([...tarball, 0]), "corrupt"],
    ["shorter", tarball.slice(0, 200), "network"],
    ["absent", undefined, "network"],
  ];
  for (const [what, served, code] of cases) {
    await withRegistry(() => served, async ({ install, folder }) => {
      await assert.rejects(install(set), isCode(code), what);
      assert.deepEqual([...Deno.readDirSync(folder)], [], `${what}: nothing is left`);
    });
  }
  await withRegistry(() => tarball, async ({ install }) => {
    await assert.rejects(install(set, "http://127.0.0.1:1"), isCode("network"));
  });
});

Deno.test("installFiles refuses a pinned package whose library is not the pinned one", async () => {
  const { tarball, set } = published({ ...contents, "libggml-base.so": new Uint8Array(1000).fill(7) });
  await withRegistry(() => tarball, async ({ install }) => {
    await assert.rejects(install(set), isCode("corrupt"));
  });
});

Deno.test("installFiles may run several times at once", async () => {
  const { tarball, set } = published();
  await withRegistry(() => tarball, async ({ install, folder }) => {
    await Promise.all(Array.from({ length: 5 }, () => install(set)));
    await assertInstalled(folder);
  });
});

Deno.test("installFiles leaves parts of a running installation, and removes old ones", async () => {
  const { tarball, set } = published();
  await withRegistry(() => tarball, async ({ install, folder }) => {
    await install(set);
    const young = `${folder}/.${crypto.randomUUID()}.part`;
    const old = `${folder}/.${crypto.randomUUID()}.part`;
    for (const path of [young, old]) await Deno.writeTextFile(path, "part");
    const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000);
    await Deno.utime(old, yesterday, yesterday);
    await install(set);
    assert.ok(await Deno.stat(young));
    await assert.rejects(Deno.stat(old), Deno.errors.NotFound);
  });
});

Deno.test({
  name: "installFiles refuses a folder that is a link",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { tarball, set } = published();
    await withRegistry(() => tarball, async ({ install, root, folder }) => {
      await Deno.mkdir(`${root}/elsewhere`, { recursive: true });
      await Deno.symlink(`${root}/elsewhere`, folder);
      await assert.rejects(install(set), isCode("forbidden"));
    });
  },
});
