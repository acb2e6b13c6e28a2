import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { bytesSource, openGguf, readGguf } from "../../../inference/gguf/mod.ts";
import { i32s, writeGguf } from "../../support/gguf_writer.ts";
import { smollm2 } from "../../support/models.ts";
import { mutate, seeded } from "../../support/mutations.ts";
import { realTest } from "../../support/parts.ts";

/** Mutants of each header. */
const rounds = 2500;

/**
 * SmolLM2's real header with its long arrays cut to 40 elements, so that every field is hit often: the same
 * keys, types and tensors; and as much of the real file's front as holds keys and vocabulary.
 */
async function headers(path: string): Promise<{ shortened: Uint8Array; front: Uint8Array; size: number }> {
  const { metadata, tensors, size } = await openGguf(path);
  const plain: Record<string, any> = {};
  for (const [key, value] of metadata.entries()) {
    const type = metadata.type(key)!;
    if (type === "string[]") plain[key] = [...metadata.strings(key)!].slice(0, 40);
    else if (type.endsWith("[]")) plain[key] = i32s([...metadata.numbers(key)!].slice(0, 40));
    else plain[key] = value;
  }
  const described = tensors.map(({ name, type, shape }) => ({ name, type: type.name, shape }));
  const written = writeGguf({ metadata: plain, tensors: described });
  const { dataOffset } = await readGguf(written);
  const file = await Deno.readFile(path);
  return { shortened: written.slice(0, dataOffset), front: file.slice(0, 60_000), size };
}

realTest("readGguf survives thousands of damaged headers", () => smollm2().then(headers), async (seeds) => {
  const next = seeded(4);
  const outcomes = { read: 0, corrupt: 0, unsupported: 0 };
  for (const header of [seeds.shortened, seeds.front]) {
    for (let i = 0; i < rounds; i++) {
      const mutant = mutate(header, next);
      // As if the tensor data followed: what the header claims is tested against the file's real size.
      const size = i % 2 ? seeds.size : mutant.length;
      const source = { ...bytesSource(mutant), size };
      let largest = 0;
      const read = (offset: number, target: Uint8Array) => {
        largest = Math.max(largest, target.length);
        return source.read(offset, target);
      };
      try {
        const { tensors } = await readGguf({ ...source, read });
        for (const { offset, byteLength } of tensors) assert.ok(offset + byteLength <= size);
        outcomes.read++;
      } catch (error) {
        assert.ok(error instanceof SkiffError, `mutant ${i}: ${(error as Error).stack}`);
        assert.ok(error.code === "corrupt" || error.code === "unsupported", `mutant ${i}: ${error.stack}`);
        if (error.code === "corrupt") {
          const offset = error.details?.offset as number;
          assert.ok(offset >= 0 && offset <= size, `mutant ${i}: ${error.message}`);
        }
        outcomes[error.code]++;
      }
      assert.ok(largest <= size, `mutant ${i} made the parser ask for ${largest} bytes`);
    }
  }
  // Both outcomes happen: the mutants are neither hopeless nor harmless.
  assert.ok(outcomes.read > 30 && outcomes.corrupt > 500, JSON.stringify(outcomes));
});
