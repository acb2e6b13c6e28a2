import { deepStrictEqual as equal, rejects } from "node:assert";
import { readTar } from "../../../core/archive/tar.ts";
import { tarBytes, type TarFile, writeTar } from "../../../core/archive/tar_writer.ts";

const long = "folder/".repeat(30);
const files: TarFile[] = [
  { name: "plain", content: "text é" },
  { name: "empty" },
  { name: "program", content: new Uint8Array(1024).fill(1), mode: 0o755, uid: 1000, gid: 1000 },
  { name: "folder", type: "directory" },
  { name: "link", type: "symlink", linkName: "plain" },
  { name: "hard", type: "link", linkName: "plain" },
  { name: `${long}ü`, content: "deep" },
  { name: "far", type: "symlink", linkName: `${long}ü` },
  { name: "100".padEnd(100, "x"), content: "exactly full" },
];

Deno.test("an archive is read back as it was written", async () => {
  const bytes = await tarBytes(files);
  equal(bytes.length % 512, 0);
  const seen: unknown[] = [];
  for await (const entry of readTar(ReadableStream.from([bytes]))) {
    const text = await new Response(ReadableStream.from(entry.content())).text();
    seen.push([entry.name, entry.type, entry.mode, entry.linkName, text]);
  }
  const text = (content: TarFile["content"]) =>
    content instanceof Uint8Array ? new TextDecoder().decode(content) : content ?? "";
  equal(
    seen,
    files.map(({ name, type = "file", mode, linkName = "", content }) => [
      type === "directory" ? `${name}/` : name,
      type,
      mode ?? (type === "directory" ? 0o755 : 0o644),
      linkName,
      text(content),
    ]),
  );
});

Deno.test("equal files give equal archives", async () => {
  equal(await tarBytes(files), await tarBytes(files));
});

for (const pieces of [["ab"], ["abc", "def"]]) {
  Deno.test(`content of ${pieces.join("").length} bytes in place of 4 is an error`, async () => {
    const encoded = pieces.map((piece) => new TextEncoder().encode(piece));
    const content = { size: 4, pieces: ReadableStream.from(encoded) };
    await rejects(() => Array.fromAsync(writeTar([{ name: "x", content }])), {
      code: "invalid_input",
      message: /^x /,
    });
  });
}
