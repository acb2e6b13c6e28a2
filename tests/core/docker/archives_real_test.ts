import { deepStrictEqual as equal, rejects } from "node:assert";
import { readTar } from "../../../core/archive/tar.ts";
import { tarBytes, writeTar } from "../../../core/archive/tar_writer.ts";
import { getArchive, putArchive, statArchive } from "../../../core/docker/archives.ts";
import { type Engine, engineTest, execute, patterned, testContainer } from "../../support/engine_test.ts";

async function read(engine: Engine, id: string, path: string): Promise<Record<string, string>> {
  const { archive } = await getArchive(engine.docker, id, { path });
  const files: Record<string, string> = {};
  for await (const entry of readTar(archive)) {
    files[entry.name] = entry.linkName || await new Response(ReadableStream.from(entry.content())).text();
  }
  return files;
}

engineTest("files go in and come out, with owner, mode and links, before the start too", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine, { start: false });
  const archive = await tarBytes([
    { name: "in", type: "directory", uid: 1000, gid: 1000 },
    { name: "in/ü b", content: "text", mode: 0o640, uid: 1000, gid: 1000 },
    { name: "in/link", type: "symlink", linkName: "ü b" },
  ]);
  await putArchive(docker, container.id, { path: "/home", archive, copyOwners: true });
  equal(await read(engine, container.id, "/home/in"), { "in/": "", "in/link": "ü b", "in/ü b": "text" });
  equal(await read(engine, container.id, "/home/in/ü b"), { "ü b": "text" });
  const stat = await statArchive(docker, container.id, { path: "/home/in/ü b" });
  equal([stat?.name, stat?.type, stat?.size, stat?.mode], ["ü b", "file", 4, 0o640]);
  equal((await statArchive(docker, container.id, { path: "/home/in" }))?.type, "directory");
  equal((await statArchive(docker, container.id, { path: "/home/in/link" }))?.type, "symlink");
  equal(await statArchive(docker, container.id, { path: "/home/none" }), undefined);
});

engineTest("50 MB go in and out unchanged", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const bytes = patterned(50 << 20);
  const pieces = ReadableStream.from([bytes.subarray(0, 12345), bytes.subarray(12345)]);
  const archive = writeTar([{ name: "big", content: { size: bytes.length, pieces } }]);
  await putArchive(docker, container.id, { path: "/root", archive });
  const told = (await execute(engine, container.id, ["sha256sum", "/root/big"])).stdout.split(" ")[0];
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  equal(told, digest);
  const { archive: back } = await getArchive(docker, container.id, { path: "/root/big" });
  for await (const entry of readTar(back)) {
    const seen = new Uint8Array(await new Response(ReadableStream.from(entry.content())).arrayBuffer());
    equal([seen.length, new Uint8Array(await crypto.subtle.digest("SHA-256", seen)).toHex()], [
      50 << 20,
      digest,
    ]);
  }
});

const refusals: { name: string; act: (engine: Engine, id: string) => Promise<unknown>; error: unknown }[] = [
  {
    name: "a folder that is not there",
    act: async ({ docker }, id) => putArchive(docker, id, { path: "/none", archive: await tarBytes([]) }),
    error: { code: "not_found" },
  },
  {
    name: "a file in place of a folder",
    act: async ({ docker }, id) =>
      putArchive(docker, id, { path: "/etc/passwd", archive: await tarBytes([]) }),
    error: { code: "invalid_input" },
  },
  {
    name: "a path that is not there",
    act: ({ docker }, id) => getArchive(docker, id, { path: "/none" }),
    error: { code: "not_found" },
  },
  {
    name: "a container that is not there",
    act: ({ docker, unique }) => statArchive(docker, unique(), { path: "/" }),
    error: { code: "not_found", message: /No such container/ },
  },
];

for (const { name, act, error } of refusals) {
  engineTest(`${name} is refused with the Engine's words`, async (engine) => {
    await using container = await testContainer(engine);
    await rejects(() => act(engine, container.id), error as any);
  });
}

engineTest("an archive that is left unread frees its connection", async (engine) => {
  const { docker } = engine;
  await using container = await testContainer(engine);
  const before = docker.connections;
  const { archive } = await getArchive(docker, container.id, { path: "/bin" });
  await archive.cancel();
  equal(docker.connections <= before, true);
});
