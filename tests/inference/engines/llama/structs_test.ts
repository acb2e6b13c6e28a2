import assert from "node:assert/strict";
import { NativeBatch } from "../../../../inference/engines/llama/batch.ts";
import { spareBytes, Struct, structLayouts } from "../../../../inference/engines/llama/structs.ts";

Deno.test("the layouts have the sizes and offsets that C gives them", () => {
  for (const { modelParams, contextParams, batch, threadpoolParams } of Object.values(structLayouts)) {
    assert.deepEqual([modelParams.bytes, contextParams.bytes, batch.bytes], [80, 160, 56]);
    assert.equal(threadpoolParams.bytes, 528);
    assert.equal(modelParams.offsets.get("progress_callback")!.offset, 48);
    assert.equal(contextParams.offsets.get("type_k")!.offset, 104);
    assert.equal(contextParams.offsets.get("ctx_other")!.offset, 152);
    assert.equal(modelParams.native.struct.length * 8, 80 + spareBytes);
  }
});

Deno.test("Struct reads what it wrote, and refuses fields that there are not", () => {
  const struct = new Struct(structLayouts["v0.5.0"].contextParams);
  const values = { n_ctx: 4_000_000_000, n_threads: -3, rope_freq_base: 0.5, kv_unified: 1, n_samplers: 7 };
  for (const [name, value] of Object.entries(values)) struct.set(name, value);
  for (const [name, value] of Object.entries(values)) assert.equal(struct.get(name), value, name);
  assert.throws(() => struct.set("n_context", 1), RangeError);
});

Deno.test("NativeBatch points at its tokens", () => {
  const layout = structLayouts["v0.5.0"].batch;
  const batch = new NativeBatch(layout, 4);
  batch.put(0, 11, 0, 3, 0);
  batch.put(1, 12, 1, 2, 1);
  const struct = new Struct(layout, batch.bytes(2));
  assert.equal(struct.get("n_tokens"), 2);
  const i32s = (name: string, count: number) => {
    const pointer = Deno.UnsafePointer.create(BigInt(struct.get(name)))!;
    return [...new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, count * 4))];
  };
  assert.deepEqual([i32s("token", 2), i32s("pos", 2), i32s("n_seq_id", 2)], [[11, 12], [0, 1], [1, 1]]);
  const ids = Deno.UnsafePointer.create(BigInt(struct.get("seq_id")))!;
  const second = new Deno.UnsafePointerView(ids).getPointer(8)!;
  assert.equal(new Deno.UnsafePointerView(second).getInt32(), 2);
});
