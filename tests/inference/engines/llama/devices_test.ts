import assert from "node:assert/strict";
import { chooseVariant, type DeviceFacts } from "../../../../inference/engines/llama/devices.ts";
import { embeddedSet, librarySet } from "../../../../inference/engines/llama/library_set.ts";
import { fileAsset } from "../../../../inference/engines/packages/npm_package.ts";
import { libraryPackages } from "../../../../inference/engines/llama/library_table.ts";
import { structLayouts } from "../../../../inference/engines/llama/structs.ts";

const linux: DeviceFacts = {
  os: "linux",
  arch: "x86_64",
  nvidiaDriver: false,
  cudaRuntime: {},
  vulkan: false,
  gpuNode: false,
};
const runtime = ["libcudart.so", "libcublasLt.so", "libcublas.so"];

const cases: [string, Partial<DeviceFacts>, number | undefined, string][] = [
  ["no GPU", {}, undefined, "cpu"],
  ["CUDA 13", { nvidiaDriver: true, cudaRuntime: { 13: runtime } }, undefined, "cuda"],
  ["CUDA 12 and 13", { nvidiaDriver: true, cudaRuntime: { 12: runtime, 13: runtime } }, undefined, "cuda"],
  ["CUDA 12", { nvidiaDriver: true, cudaRuntime: { 12: runtime } }, undefined, "cuda12"],
  ["CUDA without a driver", { cudaRuntime: { 13: runtime } }, undefined, "cpu"],
  ["a driver without CUDA", { nvidiaDriver: true }, undefined, "cpu"],
  ["a driver without CUDA, with Vulkan", { nvidiaDriver: true, vulkan: true }, undefined, "vulkan"],
  ["Vulkan", { vulkan: true }, undefined, "vulkan"],
  ["no layers for the GPU", { nvidiaDriver: true, cudaRuntime: { 13: runtime } }, 0, "cpu"],
  ["Arm with Vulkan", { arch: "aarch64", vulkan: true }, undefined, "cpu"],
  ["a Mac", { os: "darwin", arch: "aarch64" }, undefined, "metal"],
  ["a Mac without layers for the GPU", { os: "darwin", arch: "aarch64" }, 0, "metal"],
  ["an old Mac", { os: "darwin", arch: "x86_64" }, undefined, "cpu"],
  ["Windows with CUDA 13", { os: "windows", nvidiaDriver: true, cudaRuntime: { 13: runtime } }, 9, "cuda"],
];

for (const [what, facts, gpuLayers, expected] of cases) {
  Deno.test(`chooseVariant with ${what} takes ${expected}`, () => {
    const { variant, reason, preload } = chooseVariant({ ...linux, ...facts }, gpuLayers);
    assert.equal(variant, expected);
    assert.ok(reason.length > 0);
    assert.equal(preload.length > 0, expected.startsWith("cuda"));
  });
}

Deno.test("every set has what loading needs, of a release whose structs are known", () => {
  const targets = [["linux", "x86_64"], ["linux", "aarch64"], ["darwin", "aarch64"], ["darwin", "x86_64"], [
    "windows",
    "x86_64",
  ], ["windows", "aarch64"]];
  const variants = ["cpu", "metal", "vulkan", "cuda", "cuda12"] as const;
  for (const [os, arch] of targets) {
    assert.ok(embeddedSet(os, arch), `${os} ${arch}`);
    for (const variant of variants) {
      const set = librarySet(variant, os, arch);
      if (set === undefined) continue;
      assert.ok(structLayouts[set.release], set.name);
      const names = set.files.map(({ name }) => name);
      for (const pattern of [/^(lib)?ggml-base\./, /^(lib)?ggml\.[^-]*$/, /^(lib)?llama\./, /ggml-cpu/]) {
        assert.ok(names.some((name) => pattern.test(name)), `${set.name}: ${pattern}`);
      }
      if (variant !== "cpu") {
        assert.ok(names.some((name) => name.includes(`ggml-${variant.replace("12", "")}`)), set.name);
      }
      assert.ok(!names.some((name) => /common|addon/.test(name)), set.name);
    }
  }
  assert.equal(librarySet("cpu", "freebsd", "x86_64"), undefined);
});

Deno.test("CUDA 12 replaces the CUDA library only", () => {
  const [cuda, cuda12] = (["cuda", "cuda12"] as const).map((variant) =>
    librarySet(variant, "linux", "x86_64")!
  );
  const differing = cuda12.files.filter((file, i) => file.sha256 !== cuda.files[i].sha256);
  assert.deepEqual(differing.map(fileAsset), ["native/linux-x64-cuda-ext/libggml-cuda.so.gz"]);
  assert.notEqual(cuda.name, cuda12.name);
});

Deno.test("the table's pins have the form of hashes", () => {
  for (const { name, integrity, bytes, files } of libraryPackages) {
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, name);
    assert.ok(bytes > 0 && files.length > 0, name);
    for (const file of files) assert.match(file.sha256, /^[0-9a-f]{64}$/, file.path);
  }
});
