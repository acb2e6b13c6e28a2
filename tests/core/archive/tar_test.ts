import { deepStrictEqual as equal, rejects } from "node:assert";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { readTar } from "../../../core/archive/tar.ts";
import { makeTar } from "../../support/archives.ts";

async function* pieces(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function listing(bytes: Uint8Array, step = 100): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const entry of readTar(pieces(bytes, step))) {
    const text = Buffer.concat(await Array.fromAsync(entry.content())).toString();
    found.push([entry.type, entry.name, text, entry.linkName]);
  }
  return found;
}

const longName = `package/${"deep/".repeat(40)}file.txt`;
const archive = makeTar([
  { name: "package/", flag: "5" },
  { name: "package/a.txt", content: "hello" },
  { name: "package/empty" },
  { name: "package/link", flag: "2", linkName: "a.txt" },
  { name: "././@LongLink", flag: "L", content: `${longName}\0` },
  { name: "cut", content: "x".repeat(2000) },
  { name: "PaxHeaders/p", flag: "x", content: "20 path=other/pax.txt\n" },
  { name: "pax", content: "y" },
]);
const expected = [
  ["directory", "package/", "", ""],
  ["file", "package/a.txt", "hello", ""],
  ["file", "package/empty", "", ""],
  ["symlink", "package/link", "", "a.txt"],
  ["file", longName, "x".repeat(2000), ""],
  ["file", "other/pax.txt", "y", ""],
];

Deno.test("readTar gives entries with long names, links and content, whatever pieces the bytes come in", async () => {
  for (const step of [1, 511, 512, 100_000]) equal(await listing(archive, step), expected);
});

Deno.test("readTar recognises gzip", async () => {
  equal(await listing(gzipSync(archive), 50), expected);
});

Deno.test("readTar skips content that was not read, or read in part", async () => {
  const names: string[] = [];
  for await (const entry of readTar(pieces(archive, 64))) {
    names.push(entry.name);
    for await (const _ of entry.content()) break;
  }
  equal(names, expected.map((row) => row[1]));
});

const damaged: [string, Uint8Array][] = [
  ["a cut-off archive", archive.subarray(0, 1024 + 300)],
  ["a wrong check sum", archive.with(3, 65)],
  ["cut-off gzip", gzipSync(archive).subarray(0, 150)],
  ["text", new TextEncoder().encode("no archive ".repeat(100))],
];
for (const [what, bytes] of damaged) {
  Deno.test(`readTar refuses ${what}`, async () => {
    await rejects(listing(bytes), { name: "SkiffError", code: "corrupt" });
  });
}
