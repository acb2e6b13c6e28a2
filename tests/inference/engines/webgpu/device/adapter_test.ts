/** What counts as a processor that plays a GPU, and what is asked of adapters. */
import assert from "node:assert/strict";
import { isSoftwareAdapter } from "../../../../../inference/engines/webgpu/device/adapter.ts";
import { foldWorkgroups } from "../../../../../inference/engines/webgpu/device/dispatch.ts";
import { missingLimits, planLimits } from "../../../../../inference/engines/webgpu/device/limits.ts";

const adapters: [description: string, isFallback: boolean, software: boolean][] = [
  ["llvmpipe (LLVM 15.0.6, 256 bits)", false, true],
  ["SwiftShader Device (Subzero)", false, true],
  ["Microsoft Basic Render Driver", false, true],
  ["WARP", false, true],
  ["Some adapter that says so itself", true, true],
  ["NVIDIA H100 80GB HBM3", false, false],
  ["AMD Radeon RX 7900 XTX (RADV NAVI31)", false, false],
  ["Apple M3 Max", false, false],
  ["Intel(R) Arc(tm) A770 Graphics (DG2)", false, false],
  ["Warpdrive 9000", false, false],
];

for (const [description, isFallback, software] of adapters) {
  Deno.test(`"${description}" is ${software ? "" : "not "}a software adapter`, () => {
    assert.equal(isSoftwareAdapter(description, isFallback), software);
  });
}

Deno.test("planLimits() asks for all that the adapter has, but for no buffer of 4 GiB", () => {
  const adapter = {
    maxBufferSize: 2 ** 40,
    maxStorageBufferBindingSize: 2 ** 31,
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 32_768,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupSizeX: 1024,
    maxComputeWorkgroupsPerDimension: 65_535,
  } as GPUSupportedLimits;
  const plan = planLimits(adapter);
  assert.equal(plan.maxBufferSize, 2 ** 32 - 4);
  assert.equal(plan.maxStorageBufferBindingSize, 2 ** 31);
  assert.deepEqual(missingLimits(plan, adapter), []);
  assert.deepEqual(missingLimits(plan, { ...adapter, maxStorageBufferBindingSize: 2 ** 27 }), [
    "maxStorageBufferBindingSize",
  ]);
});

Deno.test("foldWorkgroups() covers any count within what a dimension may have", () => {
  for (const count of [0, 1, 65_535, 65_536, 262_144, 1_000_001]) {
    const [x, y, z] = foldWorkgroups(count);
    assert.ok(x <= 65_535 && y <= 65_535 && z === 1 && x * y >= count && x * y < count + y + 1, `${count}`);
  }
});
