import assert from "node:assert/strict";
import {
  bytesSource,
  describeModel,
  formatMebibytes,
  formatParameters,
  kvBytes,
  kvBytesPerToken,
  openGguf,
  readGguf,
  readTensor,
  StringArray,
  tensorTypes,
  weightBytes,
} from "../../../inference/gguf/mod.ts";
import { bools, f32, f32s, i32s, type PlainGguf, u64, writeGguf } from "../../support/gguf_writer.ts";

/** Writes files into a folder that the test's end removes; gives their paths. */
async function inFolder(
  files: Record<string, PlainGguf>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, gguf] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, writeGguf(gguf));
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const small: PlainGguf = {
  metadata: { "general.architecture": "llama", "llama.block_count": 2 },
  tensors: [
    { name: "token_embd.weight", type: "F32", shape: [32, 3], data: new Uint8Array(384).map((_, i) => i) },
    { name: "blk.0.attn_q.weight", type: "Q4_0", shape: [32, 2] },
    { name: "blk.0.attn_norm.weight", type: "F16", shape: [5] },
  ],
};

Deno.test("readGguf gives every metadata type with its value", async () => {
  const metadata = {
    "a.text": "héllo 🐳",
    "a.empty": "",
    "a.u32": 4294967295,
    "a.i32": -5,
    "a.f32": f32(0.5),
    "a.u64": u64(2n ** 40n),
    "a.huge": u64(2n ** 60n),
    "a.yes": true,
    "a.strings": ["a", "", "ü", "\uFEFFx", "🐳"],
    "a.ints": i32s([-1, 2]),
    "a.floats": f32s([0.25]),
    "a.flags": bools([true, false]),
    "a.nested": [[1, 2], [3]],
    "a.none": i32s([]),
  };
  const { metadata: read, version, tensors } = await readGguf(writeGguf({ metadata, version: 2 }));
  assert.equal(version, 2);
  assert.deepEqual(tensors, []);
  assert.deepEqual([...read.keys()], Object.keys(metadata));
  assert.equal(read.string("a.text"), "héllo 🐳");
  assert.equal(read.string("a.empty"), "");
  assert.equal(read.number("a.u32"), 4294967295);
  assert.equal(read.number("a.i32"), -5);
  assert.equal(read.number("a.f32"), 0.5);
  assert.equal(read.get("a.u64"), 2 ** 40);
  assert.equal(read.get("a.huge"), 2n ** 60n);
  assert.equal(read.boolean("a.yes"), true);
  assert.deepEqual([...read.strings("a.strings")!], metadata["a.strings"]);
  assert.deepEqual(read.numbers("a.ints"), new Int32Array([-1, 2]));
  assert.deepEqual(read.numbers("a.floats"), new Float32Array([0.25]));
  assert.deepEqual(read.numbers("a.flags"), new Uint8Array([1, 0]));
  assert.deepEqual(read.get("a.nested"), [new Int32Array([1, 2]), new Int32Array([3])]);
  assert.equal(read.numbers("a.none")!.length, 0);
  assert.deepEqual(["a.u32", "a.strings", "a.nested", "a.flags"].map((key) => read.type(key)), [
    "u32",
    "string[]",
    "i32[][]",
    "bool[]",
  ]);
  assert.equal(read.string("b.absent"), undefined);
  assert.throws(() => read.string("a.u32"), {
    code: "corrupt",
    message: /a\.u32 must be a string and is u32/,
  });
  assert.throws(() => read.numbers("a.strings"), { code: "corrupt" });
});

Deno.test("readGguf gives tensors with shape, absolute offset and bytes", async () => {
  const bytes = writeGguf({ ...small, alignment: 64 });
  const { tensors, dataOffset, alignment } = await readGguf(bytes);
  assert.equal(alignment, 64);
  assert.equal(dataOffset % 64, 0);
  assert.deepEqual(
    tensors.map(({ name, type, shape, offset, byteLength }) => [
      name,
      type.name,
      shape,
      offset - dataOffset,
      byteLength,
    ]),
    [
      ["token_embd.weight", "F32", [32, 3], 0, 384],
      ["blk.0.attn_q.weight", "Q4_0", [32, 2], 384, 36],
      ["blk.0.attn_norm.weight", "F16", [5], 448, 10],
    ],
  );
  assert.equal(bytes[tensors[0].offset + 7], 7);
});

Deno.test("readGguf reads a header of any size and not the data after it", async () => {
  const tokens = Array.from({ length: 40000 }, (_, i) => `token${i}`);
  const bytes = writeGguf({
    metadata: { "tokenizer.ggml.tokens": tokens },
    tensors: [{ name: "w", type: "F32", shape: [1024, 8192] }],
  });
  let read = 0;
  const source = bytesSource(bytes);
  const { metadata } = await readGguf({
    ...source,
    read: (offset, target) => (read += target.length, source.read(offset, target)),
  });
  assert.ok(read < 3_000_000, `${read} bytes read`);
  assert.deepEqual([...metadata.strings("tokenizer.ggml.tokens")!], tokens);
});

Deno.test("StringArray iterates over what at() gives, across characters of every length", () => {
  const strings = Array.from(
    { length: 30000 },
    (_, i) => ["a", "é", "字", "🐳", ""][i % 5].repeat(1 + i % 7),
  );
  const array = StringArray.from(strings);
  assert.deepEqual([...array], strings);
  assert.equal(array.at(18), strings[18]);
  assert.equal(array.at(-1), undefined);
  assert.equal(array.at(30000), undefined);
});

Deno.test("openGguf joins the files of a split model from any of them", async () => {
  const shard = (no: number, tensor: string): PlainGguf => ({
    metadata: {
      ...(no === 0 ? { "general.architecture": "llama" } : {}),
      "split.no": no,
      "split.count": 2,
      "split.tensors.count": 2,
    },
    tensors: [{ name: tensor, type: "F32", shape: [4] }],
  });
  const files = { "m-00001-of-00002.gguf": shard(0, "a"), "m-00002-of-00002.gguf": shard(1, "b") };
  await inFolder(files, async (folder) => {
    const paths = Object.keys(files).map((name) => `${folder}/${name}`);
    for (const path of [...paths, paths]) {
      const gguf = await openGguf(path);
      assert.deepEqual(gguf.tensors.map(({ name, file }) => [name, file]), [["a", paths[0]], [
        "b",
        paths[1],
      ]]);
      assert.equal(gguf.metadata.string("general.architecture"), "llama");
      assert.equal(gguf.files.length, 2);
    }
    await assert.rejects(openGguf(paths.toReversed()), { code: "corrupt", message: /number 1 of the files/ });
    await assert.rejects(openGguf([paths[0], paths[0]]), { code: "corrupt" });
    await Deno.writeFile(paths[1], writeGguf(shard(1, "a")));
    await assert.rejects(openGguf(paths[0]), { code: "corrupt", message: /tensor "a".*has too/ });
    await Deno.remove(paths[1]);
    await assert.rejects(openGguf(paths[0]), { code: "not_found", message: /m-00002-of-00002/ });
    await Deno.rename(paths[0], `${folder}/renamed.gguf`);
    await assert.rejects(openGguf(`${folder}/renamed.gguf`), { code: "invalid_input" });
  });
});

Deno.test("readTensor gives a tensor's bytes and ranges of them", async () => {
  await inFolder({ "m.gguf": small }, async (folder) => {
    const { tensors: [tensor] } = await openGguf(`${folder}/m.gguf`);
    assert.deepEqual(await readTensor(tensor), small.tensors![0].data);
    assert.deepEqual(await readTensor(tensor, { start: 3, length: 2 }), new Uint8Array([3, 4]));
    await assert.rejects(readTensor(tensor, { start: 380, length: 5 }), { code: "internal" });
    await Deno.truncate(tensor.file, tensor.offset + 100);
    await assert.rejects(readTensor(tensor), { code: "corrupt", message: /cut off/ });
  });
});

Deno.test("openGguf reads the header of a file of 40 GB", async () => {
  const metadata = { "general.architecture": "llama", "llama.context_length": 131072 };
  const layers = Array.from({ length: 10 }, (_, i) => `blk.${i}.ffn_up.weight`);
  // 2^32 elements of Q8_0 each, at offsets beyond 2^32; the file has holes for data.
  const header = writeGguf({
    metadata,
    tensors: layers.map((name) => ({ name, type: "Q8_0", shape: [65536, 65536], data: "hole" })),
  });
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, header);
    await assert.rejects(openGguf(path), { code: "corrupt", message: /ends at byte/ });
    const bytes = 2 ** 32 / 32 * 34;
    await Deno.truncate(path, header.length + bytes * layers.length);
    const gguf = await openGguf(path);
    assert.equal(gguf.tensors[9].offset, header.length + 9 * bytes);
    assert.equal(weightBytes(gguf), 10 * bytes);
    assert.deepEqual(await readTensor(gguf.tensors[9], { start: bytes - 4, length: 4 }), new Uint8Array(4));
    const { parameters, size } = describeModel(gguf);
    assert.deepEqual([parameters, size], ["42.95B", "42.50GiB"]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openGguf says so when there is no such file, or a folder", async () => {
  await assert.rejects(openGguf("/nonexistent/m.gguf"), { code: "not_found" });
  await assert.rejects(openGguf("/"), { code: "invalid_input" });
});

Deno.test("readGguf stops when the caller gives up", async () => {
  await assert.rejects(readGguf(writeGguf(small), { signal: AbortSignal.abort() }), { name: "AbortError" });
});

Deno.test("describeModel gives what the store shows", async () => {
  await inFolder({
    "m.gguf": {
      metadata: {
        "general.architecture": "qwen3",
        "general.file_type": 15,
        "qwen3.context_length": 40960,
        "qwen3.attention.layer_norm_rms_epsilon": f32(1e-6),
        "qwen3.flags": bools([true, false]),
        "tokenizer.ggml.tokens": Array.from({ length: 51 }, (_, i) => `t${i}`),
        "tokenizer.names": ["a", "b"],
      },
      tensors: [{ name: "w", type: "Q4_K", shape: [1024, 1000] }],
    },
  }, async (folder) => {
    const gguf = await openGguf(`${folder}/m.gguf`);
    assert.equal(weightBytes(gguf), 576000);
    assert.deepEqual(describeModel(gguf), {
      format: "gguf",
      quantization: "Q4_K_M",
      parameters: "1.02M",
      architecture: "qwen3",
      size: "562.50KiB",
      context_size: 40960,
      gguf: {
        "general.architecture": "qwen3",
        "general.file_type": "15",
        "qwen3.context_length": "40960",
        "qwen3.attention.layer_norm_rms_epsilon": "0.000001",
        "qwen3.flags": "true, false",
        "tokenizer.names": "a, b",
      },
    });
  });
});

const figures: [number, string, string][] = [
  [0, "0", "0B"],
  [999, "999", "999B"],
  [134515008, "134.52M", "128.28MiB"],
  [999_999_999, "1.00B", "953.67MiB"],
  [8_030_000_000, "8.03B", "7.48GiB"],
];
for (const [value, parameters, size] of figures) {
  Deno.test(`${value} is shown as ${parameters} and ${size}`, () => {
    assert.equal(formatParameters(value), parameters);
    assert.equal(formatMebibytes(value), size);
  });
}

Deno.test("kvBytes counts heads by layer, head sizes and windows", async () => {
  const cases: [metadata: PlainGguf["metadata"], perToken: number, at4096: number][] = [
    // 2 layers x 2 kv heads x (8 + 8) x 2 bytes
    [{ "attention.head_count": 4, "attention.head_count_kv": 2 }, 128, 128 * 4096],
    // key_length and value_length differ from embedding / heads
    [{ "attention.head_count": 4, "attention.key_length": 16, "attention.value_length": 4 }, 320, 320 * 4096],
    // a layer without attention
    [{ "attention.head_count": 4, "attention.head_count_kv": i32s([0, 2]) }, 64, 64 * 4096],
    // one layer sees 512 + 512
    [
      {
        "attention.head_count": 4,
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": bools([true, false]),
      },
      256,
      128 * 4096 + 128 * 1024,
    ],
    // the same by period, with smaller heads in the windowed layer
    [
      {
        "attention.head_count": 4,
        "attention.key_length_swa": 4,
        "attention.value_length_swa": 4,
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": 2,
      },
      192,
      64 * 1024 + 128 * 4096,
    ],
    [{ "attention.head_count": 4, "attention.causal": false }, 0, 0],
  ];
  for (const [metadata, perToken, at4096] of cases) {
    const keys = Object.entries({ block_count: 2, embedding_length: 32, ...metadata });
    const header = Object.fromEntries(keys.map(([key, value]) => [`x.${key}`, value]));
    const file = await readGguf(writeGguf({ metadata: { "general.architecture": "x", ...header } }));
    const gguf = { ...file, files: [file] };
    assert.equal(kvBytesPerToken(gguf), perToken);
    assert.equal(kvBytes(gguf, { contextTokens: 4096 }), at4096);
    assert.equal(kvBytesPerToken(gguf, "q8_0"), perToken / 32 * 17);
  }
});

Deno.test("tensorTypes hold each id and name once", () => {
  assert.equal(new Set(tensorTypes.map((type) => type.id)).size, tensorTypes.length);
  assert.equal(new Set(tensorTypes.map((type) => type.name)).size, tensorTypes.length);
});
