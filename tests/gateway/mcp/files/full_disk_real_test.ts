/** Disks that take nothing any longer, as the kernel has them: full ones, and ones that are only read. */
import assert from "node:assert/strict";
import { editFile } from "../../../../gateway/mcp/files/edit_file.ts";
import { realTest } from "../../../support/parts.ts";

async function mount(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args, stderr: "piped" }).output();
  if (!success) throw new Error(`mount: ${new TextDecoder().decode(stderr).trim()}`);
}

/** A disk of 64 KiB. */
async function smallDisk() {
  if (Deno.build.os !== "linux") throw new Error("tmpfs is Linux's");
  const folder = await Deno.makeTempDir({ prefix: "skdisk-" });
  await mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  return {
    folder,
    env: { get: (name: string) => name === "SKIFF_HOME" ? `${folder}/skiff` : undefined },
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: [folder] }).output();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

realTest(
  "a full disk: told with the file, which is as it was; nothing lies beside it",
  smallDisk,
  async (disk) => {
    await using _ = disk;
    const { folder, env } = disk;
    await editFile(`${folder}/f`, () => "old", { env });
    await Deno.writeFile(`${folder}/fill`, new Uint8Array(200_000)).catch(() => {});
    await assert.rejects(() => editFile(`${folder}/f`, () => "x".repeat(30_000), { env }), {
      code: "disk_full",
      message: `Cannot write ${folder}/f: there is no space left on its disk`,
    });
    assert.equal(await Deno.readTextFile(`${folder}/f`), "old");
    assert.deepEqual(names(folder), ["f", "fill", "skiff"]);
  },
);

realTest(
  "a disk that is only read: told with the file, with and without a place for locks",
  smallDisk,
  async (disk) => {
    await using _ = disk;
    const { folder, env } = disk;
    await editFile(`${folder}/f`, () => "old", { env });
    await mount("-o", "remount,ro", folder);
    const elsewhere = { get: (name: string) => name === "SKIFF_HOME" ? `${folder}/none` : undefined };
    for (const place of [env, elsewhere]) {
      await assert.rejects(() => editFile(`${folder}/f`, () => "new", { env: place }), {
        code: "forbidden",
        message: `Cannot write ${folder}/f: the file system is read-only`,
      });
    }
  },
);
