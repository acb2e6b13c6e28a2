/** Adapter -> device, with what we need of limits and features, on every Deno. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { planFeatures } from "./features.ts";
import { missingLimits, planLimits } from "./limits.ts";

/** Takes a descriptor twice: Deno 2.6 reads the second argument, everything else the first (deno #32181). */
type RequestDevice = (
  descriptor: GPUDeviceDescriptor,
  again: GPUDeviceDescriptor,
) => GPUDevice | Promise<GPUDevice>;

/**
 * A device with all of the adapter's limits and features that are of use.
 * @throws {SkiffError} "unsupported" when the adapter refuses, or hands out less than it was asked for.
 */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = planLimits(adapter.limits);
  const requiredFeatures = planFeatures(adapter.features as unknown as ReadonlySet<string>);
  const descriptor: GPUDeviceDescriptor = { label: "skiff", requiredLimits, requiredFeatures };
  const request = adapter.requestDevice.bind(adapter) as unknown as RequestDevice;
  let device: GPUDevice;
  try {
    device = await request(descriptor, descriptor); // not a promise in Deno 2.6
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SkiffError("unsupported", `The GPU cannot be opened: ${reason}`, { cause });
  }
  const missing = [
    ...missingLimits(requiredLimits, device.limits),
    ...requiredFeatures.filter((name) => !device.features.has(name)),
  ];
  if (missing.length > 0) {
    device.destroy();
    throw new SkiffError("unsupported", `The GPU was opened without ${missing.join(", ")}`, {
      hint: "This Deno drops what is asked of WebGPU; use 2.6.10 or 2.9.6, or --engine llama.",
    });
  }
  return device;
}
