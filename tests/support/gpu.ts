/** The GPU that tests run on: the machine's, or Mesa's llvmpipe, installed where it is missing. */
import { type GpuDevice, openGpuDevice } from "../../inference/engines/webgpu/device/gpu_device.ts";
import { debianPackages } from "./apt.ts";

let opened: Promise<GpuDevice> | undefined;

/** One device a process, so that kernels are compiled once. Throws with the reason when there is none. */
export function testGpu(): Promise<GpuDevice> {
  return opened ??= provision();
}

/** Makes an adapter available to this process, and to those that it starts. */
export async function provideAdapter(): Promise<void> {
  // Mesa complains on stderr without one.
  if (!Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", Deno.env.get("TMPDIR") ?? "/tmp");
  if (Deno.build.os === "linux" && !await hasVulkanDriver()) {
    await debianPackages("mesa-vulkan-drivers", "libvulkan1");
  }
}

async function provision(): Promise<GpuDevice> {
  await provideAdapter();
  return await openGpuDevice();
}

const driverFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

async function hasVulkanDriver(): Promise<boolean> {
  if (Deno.env.get("VK_ICD_FILENAMES") || Deno.env.get("VK_DRIVER_FILES")) return true;
  for (const folder of driverFolders) {
    try {
      for await (const entry of Deno.readDir(folder)) if (entry.name.endsWith(".json")) return true;
    } catch {
      // The folder is not there.
    }
  }
  return false;
}
