/** What the engine says of a model's header: that it computes it, or why not. No GPU is opened. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { forwardPass, supports } from "../../../../inference/engines/webgpu/engine.ts";
import { planPass } from "../../../../inference/engines/webgpu/graph/plan.ts";
import { type Gguf, readGguf } from "../../../../inference/gguf/mod.ts";
import { f32, i32s } from "../../../support/gguf_writer.ts";
import {
  tinyArchitectureBytes,
  type TinyArchitectureOptions,
  tinyArchitectures,
} from "../../../support/tiny_architectures.ts";

async function header(name: string, options: TinyArchitectureOptions = {}): Promise<Gguf> {
  const file = await readGguf(tinyArchitectureBytes(name, options));
  return { ...file, files: [file], path: "tiny.gguf" };
}

for (const name of tinyArchitectures) {
  Deno.test(`supports() knows ${name}`, async () => {
    assert.deepEqual(supports(await header(name)), { ok: true });
  });
}

const refused: [what: string, options: TinyArchitectureOptions, reason: RegExp][] = [
  ["an unknown architecture", { architecture: "mamba" }, /does not know the architecture "mamba"/],
  [
    "heads that are none",
    { keys: { "attention.head_count": 0 } },
    /llama\.attention\.head_count is 0, not a whole/,
  ],
  [
    "kv heads that do not divide the heads",
    { keys: { "attention.head_count_kv": 3 } },
    /llama\.attention\.head_count_kv is 3, not a divisor of the 4 heads/,
  ],
  [
    "kv heads that differ from layer to layer",
    { keys: { "attention.head_count_kv": i32s([2, 1]) } },
    /llama\.attention\.head_count_kv differs from layer to layer \(2, 1\)/,
  ],
  [
    "an unknown rope scaling",
    { keys: { "rope.scaling.type": "spiral" } },
    /rope\.scaling\.type is spiral, not one of/,
  ],
  [
    "an odd rotation",
    { keys: { "rope.dimension_count": 33 } },
    /rope\.dimension_count is 33, not an even number/,
  ],
  [
    "a negative epsilon",
    { keys: { "attention.layer_norm_rms_epsilon": f32(-1) } },
    /epsilon is -1, not a number above 0/,
  ],
  ["more layers than there are", { keys: { block_count: 3 } }, /it has no tensor blk\.2\.attn_norm\.weight/],
  [
    "a width that the tensors have not",
    { keys: { "attention.key_length": 32 } },
    /has 512 rows of queries, keys and values, not 256|value_length is 64/,
  ],
  [
    "experts that llama has no graph for",
    { keys: { expert_count: 8 } },
    /Llama with experts has no graph here/,
  ],
];

for (const [what, options, reason] of refused) {
  Deno.test(`supports() says why not: ${what}`, async () => {
    const answer = supports(await header("llama", options));
    assert.ok(!answer.ok);
    assert.match(answer.reason, reason);
  });
}

Deno.test("supports() names a tensor of a type that has no kernel", async () => {
  const gguf = await header("llama");
  const tensors = gguf.tensors.map((tensor) =>
    tensor.name === "blk.1.ffn_up.weight"
      ? { ...tensor, type: { id: 16, name: "IQ2_XXS" as const, blockSize: 256, blockBytes: 66 } }
      : tensor
  );
  assert.deepEqual(supports({ ...gguf, tensors }), {
    ok: false,
    reason: "Tensor blk.1.ffn_up.weight is IQ2_XXS, which has no kernel",
  });
});

Deno.test("a damaged header is corrupt, with the key", async () => {
  const gguf = await header("llama", { keys: { "attention.head_count": 0 } });
  assert.throws(
    () => forwardPass(gguf, 64),
    (error) =>
      error instanceof SkiffError && error.code === "corrupt" &&
      error.details?.key === "llama.attention.head_count",
  );
});

Deno.test("values that don't meet share memory; tied embeddings are one matrix", async () => {
  const plan = planPass(forwardPass(await header("gemma3"), 128), () => "q8");
  assert.ok(plan.slots.length <= 9, `${plan.slots.length} slots for ${plan.placements.size} values`);
  assert.equal(plan.uploads.filter(({ name }) => name === "token_embd").length, 1);
  assert.ok(!plan.uploads.some(({ name }) => name === "output"));
});
