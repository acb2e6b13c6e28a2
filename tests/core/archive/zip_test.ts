import { deepStrictEqual as equal, rejects } from "node:assert";
import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";
import type { RandomAccess } from "../../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry } from "../../../core/archive/zip.ts";
import { makeZip } from "../../support/archives.ts";

/** Bytes in memory, given out `step` at a time. */
function memory(bytes: Uint8Array<ArrayBuffer>, step = 7): RandomAccess {
  return {
    size: bytes.length,
    async *read(from, to) {
      for (let at = from; at < to; at += step) yield bytes.slice(at, Math.min(to, at + step));
    },
  };
}

async function contents(source: RandomAccess): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readZipDirectory(source)) {
    const pieces = await Array.fromAsync(readZipEntry(source, entry));
    found[entry.name] = Buffer.concat(pieces).toString();
  }
  return found;
}

const long = "skiff ".repeat(20_000);

for (
  const { name, files, options } of [
    { name: "deflated", files: { "a/b.txt": "hello", "long.txt": long, empty: "" }, options: {} },
    { name: "stored", files: { "a.txt": "hello" }, options: { method: "stored" as const } },
    { name: "ZIP64", files: { "a.txt": "hello", "ü.txt": "world" }, options: { zip64: true } },
    { name: "with a comment", files: { "a.txt": "hello" }, options: { comment: "PK\x05\x06 not the end" } },
    { name: "without members", files: {}, options: {} },
  ]
) {
  Deno.test(`readZipEntry gives the members of an archive ${name}`, async () => {
    equal(await contents(memory(makeZip(files, options))), files);
  });
}

const good = makeZip({ "a.txt": "hello hello hello", "b.txt": long });
const damaged: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>][] = [
  ["nothing", () => new Uint8Array()],
  ["an archive cut in the middle", (bytes) => bytes.slice(0, bytes.length >> 1)],
  ["text", () => new TextEncoder().encode("this is no archive at all, whatever its name says")],
  ["a damaged member", (bytes) => bytes.with(45, bytes[45] ^ 0xff) as Uint8Array<ArrayBuffer>],
  ["a damaged directory", (bytes) => bytes.with(bytes.length - 124, 0xff) as Uint8Array<ArrayBuffer>],
  ["an overstated directory", (bytes) => bytes.with(bytes.length - 7, 0x7f) as Uint8Array<ArrayBuffer>],
];
for (const [what, damage] of damaged) {
  Deno.test(`readZipDirectory or readZipEntry refuses ${what}`, async () => {
    await rejects(contents(memory(damage(good))), { name: "SkiffError", code: "corrupt" });
  });
}

Deno.test("readZipEntry refuses content with another check sum than the directory's", async () => {
  const [entry] = await readZipDirectory(memory(good));
  const lying = { ...entry, crc32: crc32("something else") };
  await rejects(Array.fromAsync(readZipEntry(memory(good), lying)), { code: "corrupt" });
});

Deno.test("readZipEntry stops at the stated size of a member that inflates to more", async () => {
  const bomb = deflateRawSync(new Uint8Array(50_000_000));
  const archive = makeZip({ "a.txt": "x" }, { raw: { data: bomb, size: 1000, crc32: 0 } });
  const [entry] = await readZipDirectory(memory(archive));
  let seen = 0;
  await rejects(async () => {
    for await (const piece of readZipEntry(memory(archive, 1000), entry)) seen += piece.length;
  }, { code: "corrupt" });
  equal(seen <= 1000, true);
});
