import assert from "node:assert/strict";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import { openGguf, readGguf } from "../../../inference/gguf/mod.ts";
import { f32s, i32s, type PlainGguf, u64, writeGguf } from "../../support/gguf_writer.ts";

const whole: PlainGguf = {
  metadata: {
    "general.architecture": "llama",
    "llama.rope.scale": 0.5,
    "tokenizer.ggml.tokens": ["<s>", "a", "ü", "🐳"],
    "tokenizer.ggml.scores": f32s([0, -1, -2, -3]),
    "tokenizer.nested": [[1], [2, 3]],
    "general.large": u64(2n ** 60n),
    "general.flag": true,
  },
  tensors: [
    { name: "a.weight", type: "F32", shape: [8, 2] },
    { name: "b.weight", type: "Q4_K", shape: [256, 2] },
    { name: "c.weight", type: "F16", shape: [3] },
  ],
};

/** Index of the only place where `needle` stands. */
function find(bytes: Uint8Array, needle: string): number {
  const text = new TextDecoder("latin1").decode(bytes);
  const at = text.indexOf(needle);
  assert.ok(at >= 0, `${needle} is not there`);
  return at;
}

/** Where tensor `name` has its dimensions' number; then the dimensions, the type and the offset follow. */
const shapeOf = (bytes: Uint8Array, name: string) => find(bytes, name) + name.length;

interface Damage {
  name: string;
  /** Changes the bytes of the whole file and gives the offset that the error names. */
  damage: (bytes: Uint8Array, view: DataView) => number;
  message: RegExp;
}

const damages: Damage[] = [
  {
    name: "another format",
    damage: (bytes) => (bytes.set([0x50, 0x4b, 3, 4]), 0),
    message: /not a GGUF file/,
  },
  {
    name: "an impossible version",
    damage: (_, view) => (view.setUint32(4, 0), 4),
    message: /impossible GGUF version 0/,
  },
  {
    name: "a huge number of tensors",
    damage: (_, view) => (view.setBigUint64(8, 2n ** 40n, true), 8),
    message: /number of tensors is 1099511627776, more than fit/,
  },
  {
    name: "a number of keys beyond 2^53",
    damage: (_, view) => (view.setBigUint64(16, 2n ** 63n, true), 16),
    message: /number of metadata keys is impossibly large/,
  },
  {
    name: "a key longer than the format allows",
    damage: (_, view) => (view.setBigUint64(24, 70000n, true), 24),
    message: /metadata key is 70000 bytes long/,
  },
  {
    name: "a key that is not UTF-8",
    damage: (bytes) => (bytes[34] = 0xff, 34),
    message: /metadata key is not UTF-8/,
  },
  {
    name: "an unknown value type",
    damage: (bytes, view) => {
      const at = find(bytes, "general.architecture") + 20;
      view.setUint32(at, 77, true);
      return at;
    },
    message: /unknown value type 77/,
  },
  {
    name: "a string longer than the file",
    damage: (bytes, view) => {
      view.setBigUint64(find(bytes, "general.architecture") + 24, 1n << 40n, true);
      return bytes.length;
    },
    message: /ends where 1099511627776 more bytes belong/,
  },
  {
    name: "an array larger than the file",
    damage: (bytes, view) => {
      const at = find(bytes, "tokenizer.ggml.scores") + 21 + 8;
      view.setBigUint64(at, 2n ** 50n, true);
      return at;
    },
    message: /array of 1125899906842624 elements does not fit/,
  },
  {
    name: "a token that is not UTF-8",
    damage: (bytes) => {
      const at = find(bytes, "\xc3\xbc"); // ü
      bytes[at + 1] = 0x20;
      return at;
    },
    message: /string 2 of an array is not UTF-8/,
  },
  {
    name: "a boolean that is neither",
    damage: (bytes) => {
      const at = find(bytes, "general.flag") + 16;
      bytes[at] = 7;
      return at;
    },
    message: /a boolean is 7/,
  },
  {
    name: "too many dimensions",
    damage: (bytes, view) => {
      const at = shapeOf(bytes, "a.weight");
      view.setUint32(at, 5, true);
      return at;
    },
    message: /tensor "a.weight" has 5 dimensions/,
  },
  {
    name: "a dimension of 0",
    damage: (bytes, view) => {
      const at = shapeOf(bytes, "a.weight") + 4;
      view.setBigUint64(at, 0n, true);
      return at;
    },
    message: /dimension of tensor "a.weight" is 0/,
  },
  {
    name: "dimensions whose product overflows",
    damage: (bytes, view) => {
      const at = shapeOf(bytes, "a.weight") + 4;
      view.setBigUint64(at, 2n ** 40n, true);
      view.setBigUint64(at + 8, 2n ** 40n, true);
      return at + 8;
    },
    message: /impossibly large/,
  },
  {
    name: "an unknown tensor type",
    damage: (bytes, view) => {
      const at = shapeOf(bytes, "a.weight") + 20;
      view.setUint32(at, 99, true);
      return at;
    },
    message: /of type 99, which is unknown/,
  },
  {
    name: "a tensor type that was removed",
    damage: (bytes, view) => {
      const at = shapeOf(bytes, "a.weight") + 20;
      view.setUint32(at, 31, true);
      return at;
    },
    message: /of type Q4_0_4_4, which is no longer in use/,
  },
  {
    name: "rows that are not whole blocks",
    damage: (bytes, view) => {
      view.setBigUint64(shapeOf(bytes, "b.weight") + 4, 128n, true);
      return shapeOf(bytes, "b.weight") + 20;
    },
    message: /rows of 128, which are not whole blocks of Q4_K/,
  },
  {
    name: "a misaligned tensor",
    damage: (bytes, view) => {
      view.setBigUint64(shapeOf(bytes, "c.weight") + 16, 7n, true);
      return find(bytes, "c.weight") - 8;
    },
    message: /"c.weight" begins at 7, not a multiple of 32/,
  },
  {
    name: "overlapping tensors",
    damage: (bytes, view) => {
      view.setBigUint64(shapeOf(bytes, "c.weight") + 16, 32n, true);
      return find(bytes, "c.weight") - 8;
    },
    message: /"a.weight" and "c.weight" overlap/,
  },
  {
    name: "a tensor beyond the end",
    damage: (bytes, view) => {
      view.setBigUint64(shapeOf(bytes, "c.weight") + 16, 1n << 20n, true);
      return find(bytes, "c.weight") - 8;
    },
    message: /"c.weight" ends at byte \d+ and the file at \d+/,
  },
  {
    name: "a tensor twice",
    damage: (bytes) => {
      const at = find(bytes, "b.weight");
      bytes[at] = 0x61;
      return at - 8;
    },
    message: /tensor "a.weight" twice/,
  },
];

for (const { name, damage, message } of damages) {
  Deno.test(`readGguf refuses ${name} and says where`, async () => {
    const bytes = writeGguf(whole);
    const offset = damage(bytes, new DataView(bytes.buffer));
    const error: SkiffError = await readGguf(bytes).then(() => assert.fail("accepted"), (error) => error);
    assert.equal(error.code, "corrupt", String(error.stack));
    assert.match(error.message, message);
    assert.ok(error.message.includes(`(at byte ${offset})`), `${error.message}: expected byte ${offset}`);
    assert.deepEqual(error.details, { offset, path: "GGUF" });
  });
}

Deno.test("readGguf refuses a key that is there twice", async () => {
  const bytes = writeGguf({ metadata: { "general.a": 1, "general.b": 2 } });
  const second = find(bytes, "general.b");
  bytes[second + 8] = 0x61;
  await assert.rejects(readGguf(bytes), {
    code: "corrupt",
    message: new RegExp(`key "general.a" twice \\(at byte ${second - 8}\\)`),
  });
});

for (const alignment of [0, 24, 2 ** 31 + 1]) {
  Deno.test(`readGguf refuses an alignment of ${alignment}`, async () => {
    const bytes = writeGguf({ metadata: { "general.alignment": alignment } });
    await assert.rejects(readGguf(bytes), { code: "corrupt", message: /not a power of two/ });
  });
}

Deno.test("readGguf refuses arrays nested without end", async () => {
  let nested: any = [1];
  for (let i = 0; i < 20; i++) nested = [nested];
  const bytes = writeGguf({ metadata: { nested } });
  await assert.rejects(readGguf(bytes), { code: "corrupt", message: /nested deeper/ });
});

const refused: [name: string, version: number[], hint: RegExp][] = [
  ["version 1", [1, 0, 0, 0], /newer edition/],
  ["big-endian files", [0, 0, 0, 3], /little-endian/],
  ["versions to come", [4, 0, 0, 0], /Update/],
];
for (const [name, version, hint] of refused) {
  Deno.test(`readGguf says what to do about ${name}`, async () => {
    const bytes = writeGguf(whole);
    bytes.set(version, 4);
    await assert.rejects(readGguf(bytes), { code: "unsupported", hint });
  });
}

Deno.test("readGguf refuses a file cut off anywhere", async () => {
  const bytes = writeGguf(whole);
  const { tensors } = await readGguf(bytes);
  const last = tensors.at(-1)!;
  for (let length = 0; length < last.offset + last.byteLength; length++) {
    await assert.rejects(readGguf(bytes.subarray(0, length)), { code: "corrupt" }, `${length} bytes`);
  }
  await readGguf(bytes.subarray(0, last.offset + last.byteLength));
});

Deno.test("openGguf names the file and its damage", async () => {
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    await Deno.writeFile(path, writeGguf(whole).subarray(0, 200));
    await assert.rejects(openGguf(path), (error: SkiffError) => {
      assert.equal(error.code, "corrupt");
      assert.ok(error.message.startsWith(`${path} is damaged: it ends where`));
      assert.deepEqual(error.details, { path, offset: 200 });
      return true;
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readGguf allocates little for a file that only claims much", async () => {
  // A header whose counts are as large as a sparse file of 1 TB allows.
  const bytes = writeGguf({ metadata: { "a.tokens": ["x", "y"], "b.numbers": i32s([1, 2]) } });
  const text = new TextDecoder("latin1").decode(bytes);
  const size = 2 ** 40;
  const claims: [at: number, value: bigint][] = [
    [8, 2n ** 34n],
    [16, 2n ** 34n],
    [text.indexOf("a.tokens") + 16, 2n ** 36n],
    [text.indexOf("b.numbers") + 17, 2n ** 37n],
  ];
  for (const [at, value] of claims) {
    const mutant = bytes.slice();
    new DataView(mutant.buffer).setBigUint64(at, value, true);
    let total = 0;
    const read = (offset: number, target: Uint8Array) => {
      total += target.length;
      target.set(mutant.subarray(offset, offset + target.length));
      return Promise.resolve(target.length);
    };
    await assert.rejects(readGguf({ path: "large.gguf", size, read }), { code: "corrupt" });
    assert.ok(total < 2 ** 29, `claim at ${at} made the parser read ${total} bytes`);
  }
});
