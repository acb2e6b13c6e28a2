/**
 * Every kernel that can be generated is valid WGSL for both compilers: naga (Deno, Firefox) and tint (Chromium),
 * which also proves that barriers are only met in uniform control flow.
 */
import assert from "node:assert/strict";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { tint } from "../../../../support/tint.ts";
import { everyWeightKernel } from "./every_kernel.ts";
import { everyPassKernel } from "./every_pass_kernel.ts";

const kernels = [...everyWeightKernel(), ...everyPassKernel()];

realTest("every kernel is valid for tint", tint, async (tint) => {
  for (const { name, code } of kernels) assert.deepEqual(await tint(code), [], name);
});

realTest("tint refuses a barrier that not all threads meet", tint, async (tint) => {
  const code = `@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
    if (i < 3u) { workgroupBarrier(); }
  }`;
  assert.match((await tint(code)).join(), /uniform control flow/);
});

realTest("every kernel is valid for naga", testGpu, async (gpu) => {
  // Deno's naga knows no subgroups; those variants differ from others by a few lines only.
  for (const { name, code } of kernels.filter((kernel) => !kernel.code.includes("enable subgroups"))) {
    gpu.raw.pushErrorScope("validation");
    gpu.raw.createShaderModule({ code });
    const error = await gpu.raw.popErrorScope();
    assert.equal(error?.message, undefined, name);
  }
});
