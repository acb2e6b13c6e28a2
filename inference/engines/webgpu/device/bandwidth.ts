/** How fast the GPU's memory is: what decoding is bound by, and what kernels are measured against. */
import type { GpuDevice } from "./gpu_device.ts";

export interface Bandwidth {
  /** Bytes read and written a second by the driver's own copy. */
  bytesPerSecond: number;
  /** Bytes that a copy moved at a time. */
  copyBytes: number;
}

/**
 * Copies a buffer to another for about `seconds` and takes the fastest round.
 * @throws {SkiffError} "out_of_memory" when not even two small buffers fit
 */
export async function measureBandwidth(device: GpuDevice, seconds = 2): Promise<Bandwidth> {
  const copyBytes = device.features.software ? 32 * 2 ** 20 : 256 * 2 ** 20;
  const from = await device.buffer(copyBytes, "bandwidth source");
  const to = await device.buffer(copyBytes, "bandwidth target");
  let best = 0;
  try {
    let copies = 1;
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      await device.drain();
      const start = performance.now();
      const recorder = device.record();
      for (let i = 0; i < copies; i++) recorder.copy(from, to);
      recorder.submit();
      await device.drain();
      const elapsed = (performance.now() - start) / 1000;
      best = Math.max(best, 2 * copies * copyBytes / elapsed);
      // Rounds of 100 ms hide what a submit costs.
      copies = Math.max(1, Math.min(2 * copies, Math.floor(0.1 / elapsed * copies)));
    }
  } finally {
    from.buffer.destroy();
    to.buffer.destroy();
  }
  return { bytesPerSecond: best, copyBytes };
}
