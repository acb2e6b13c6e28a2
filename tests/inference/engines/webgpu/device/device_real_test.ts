/** The device on a real adapter: reading, plans, memory, faults, loss, times. */
import assert from "node:assert/strict";
import type { SkiffError } from "../../../../../core/errors/skiff_error.ts";
import type { BufferRange, Dispatch } from "../../../../../inference/engines/webgpu/device/dispatch.ts";
import { type GpuDevice, openGpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";
import { ReadbackPool } from "../../../../../inference/engines/webgpu/device/readback.ts";
import { provideAdapter, testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";

const addCode = `
@group(0) @binding(0) var<uniform> params: vec4<u32>;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3<u32>) {
  values[id.x] = values[id.x] * params.x + params.y;
}`;

/** values[0 … count) = values * factor + term */
function multiplyAdd(values: BufferRange, factor: number, term: number, count = 1): Dispatch {
  return {
    kernel: { name: "multiply and add", code: addCode, access: ["write"] },
    buffers: [values],
    params: [factor, term],
    workgroups: (rows) => [rows * count, 1, 1],
    label: `add ${term}`,
  };
}

async function words(gpu: GpuDevice, range: BufferRange): Promise<Uint32Array> {
  return new Uint32Array((await gpu.read(range)).buffer);
}

realTest("the device has what the adapter has, and knows what it is", testGpu, (gpu) => {
  assert.equal(gpu.raw.limits.maxStorageBufferBindingSize, gpu.limits.bindingBytes);
  assert.ok(gpu.limits.bufferBytes > 256 * 2 ** 20, "limits were asked for");
  if (/llvmpipe/.test(gpu.facts.description)) {
    const { software, f16, dp4a, subgroupSize, timestamps } = gpu.features;
    assert.deepEqual([software, f16, dp4a, subgroupSize, timestamps], [true, true, true, 0, true]);
  }
});

realTest("reads of any size are right, with and without awaiting", testGpu, async (gpu, t) => {
  assert.equal(gpu.reads.synchronous, true, "the self-test passed");
  const awaiting = new ReadbackPool(gpu.raw);
  for (const [name, pool] of [["synchronous", gpu.reads], ["awaited", awaiting]] as const) {
    for (const size of [4, 4096, 5000, 200_000, 4 * 2 ** 20]) {
      await t.step(`${name}, ${size} bytes`, async () => {
        const data = Uint32Array.from({ length: size / 4 }, (_, i) => i * 7 + size);
        const range = await gpu.buffer(size, "read test");
        await pool.reserve(size, 2);
        for (let round = 0; round < 3; round++) {
          data[0] = round;
          gpu.write(range, data);
          const encoder = gpu.raw.createCommandEncoder();
          const pending = pool.record(encoder, range.buffer, 0, size);
          gpu.raw.queue.submit([encoder.finish()]);
          const taken = pending.take();
          assert.equal(taken instanceof Promise, pool === awaiting);
          assert.deepEqual(new Uint32Array((await taken).buffer), data);
        }
        range.buffer.destroy();
      });
    }
  }
  awaiting.destroy();
});

realTest(
  "a plan runs its dispatches in order, each with its own parameters, any number of times",
  testGpu,
  async (gpu) => {
    const values = await gpu.buffer(16, "values");
    gpu.write(values, Uint32Array.of(1, 1, 1, 1));
    const plan = await gpu.prepare([
      multiplyAdd(values, 2, 1),
      multiplyAdd(values, 10, 5),
      multiplyAdd(values, 1, 3),
    ]);
    for (let step = 0; step < 2; step++) {
      const recorder = gpu.record();
      recorder.run(plan.dispatches, 2);
      recorder.submit();
    }
    // x -> 20 x + 18, twice, for the two rows
    assert.deepEqual([...await words(gpu, values)], [778, 778, 1, 1]);
    plan.free();
    values.buffer.destroy();
  },
);

realTest("a read gives the bytes as they are at its place among the commands", testGpu, async (gpu) => {
  const values = await gpu.buffer(16, "values");
  const plan = await gpu.prepare([multiplyAdd(values, 1, 1)]);
  await gpu.reads.reserve(16, 2);
  const recorder = gpu.record();
  recorder.run(plan.dispatches);
  const first = recorder.read(values);
  recorder.run(plan.dispatches);
  const second = recorder.read(values);
  recorder.submit();
  const [a, b] = [await first.take(), await second.take()].map(({ buffer }) => new Uint32Array(buffer)[0]);
  assert.deepEqual([a, b], [1, 2]);
  plan.free();
  values.buffer.destroy();
});

realTest(
  "more dispatches than the ring of parameters has windows run right, in several submits",
  testGpu,
  async (gpu) => {
    const values = await gpu.buffer(16, "values");
    for (let i = 0; i < 5; i++) {
      await gpu.run(Array.from({ length: 300 }, () => multiplyAdd(values, 1, i + 1)));
    }
    assert.equal((await words(gpu, values))[0], 300 * (1 + 2 + 3 + 4 + 5));
    values.buffer.destroy();
  },
);

realTest("ranges of an arena are aligned, apart from each other and in few buffers", testGpu, async (gpu) => {
  const arena = gpu.arena("test", 4096);
  const ranges = [];
  for (const bytes of [1, 300, 4, 4000, 5000, 256]) ranges.push(await arena.range(bytes));
  for (const { offset, size } of ranges) assert.ok(offset % 256 === 0 && size % 4 === 0);
  const ends = new Map<GPUBuffer, number>();
  for (const { buffer, offset, size } of ranges) {
    assert.ok(offset >= (ends.get(buffer) ?? 0), "ranges overlap");
    ends.set(buffer, offset + size);
  }
  assert.equal(new Set(ranges.map(({ buffer }) => buffer)).size, 4);
  assert.equal(arena.bytes, 3 * 4096 + 5120);
  arena.free();
  assert.equal(arena.bytes, 0);
});

const code = (expected: string) => (error: unknown) => (error as SkiffError).code === expected;

realTest("what does not fit is out_of_memory and leaves the device usable", testGpu, async (gpu) => {
  await assert.rejects(gpu.buffer(2 ** 40, "too large"), code("out_of_memory"));
  const values = await gpu.buffer(16, "small");
  assert.equal((await words(gpu, values))[0], 0);
  values.buffer.destroy();
});

realTest("a kernel that does not compile is an error with the compiler's words", testGpu, async (gpu) => {
  const kernel = {
    name: "broken",
    code: "@compute @workgroup_size(1) fn main() { undefined_name(); }",
    access: [],
  };
  await assert.rejects(gpu.compile([kernel]), /kernel "broken".*undefined_name/s);
});

realTest("an invalid command is found by check()", testGpu, async (gpu) => {
  const values = await gpu.buffer(16, "values");
  const wide = { ...values, size: 2 ** 20 };
  await gpu.run([multiplyAdd(wide, 1, 1)]);
  await assert.rejects(gpu.checkAll(), code("internal"));
  await gpu.checkAll();
  await assert.rejects(gpu.prepare([multiplyAdd(wide, 1, 2)]), code("internal"));
  values.buffer.destroy();
  gpu.forgetBindings();
});

realTest("times are added up by label", testGpu, async (gpu) => {
  const values = await gpu.buffer(16, "values");
  const plan = await gpu.prepare([
    multiplyAdd(values, 1, 1),
    multiplyAdd(values, 1, 2),
    multiplyAdd(values, 1, 1),
  ]);
  const profile = await gpu.startProfile(8);
  if (profile === undefined) return;
  const recorder = gpu.record();
  recorder.run(plan.dispatches);
  await recorder.submit().profiled;
  const counts = profile.rows().map(({ label, dispatches }) => `${label} x${dispatches}`).sort();
  assert.deepEqual(counts, ["add 1 x2", "add 2 x1"]);
  gpu.stopProfile();
  assert.equal((await words(gpu, values))[0], 4);
  plan.free();
});

realTest("a device that is gone says so at the next use", provideAdapter, async () => {
  const gpu = await openGpuDevice();
  const values = await gpu.buffer(16, "values");
  gpu.close();
  assert.match(await gpu.lost, /./);
  assert.throws(() => gpu.record(), code("unavailable"));
  await assert.rejects(gpu.run([multiplyAdd(values, 1, 1)]), code("unavailable"));
  await assert.rejects(gpu.buffer(16, "more"), code("unavailable"));
});
