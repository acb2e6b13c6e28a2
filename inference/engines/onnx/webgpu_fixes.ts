/**
 * onnxruntime's WebGPU provider asks for a device and compiles kernels in ways that Deno 2.6 gets wrong
 * (denoland/deno#32181: asynchronous methods with a descriptor drop it; some give no promise). Newer Deno needs
 * none of this, and is not changed by it.
 */

type Method = (...args: any[]) => any;

let done = false;

/** Mends the prototypes of WebGPU's classes, once a process; only for a runner, which is nobody else's. */
export function mendWebGpu(): void {
  if (done) return;
  done = true;
  replace(
    GPUAdapter.prototype,
    "requestDevice",
    (original) =>
      async function (this: GPUAdapter, descriptor?: unknown) {
        return await original.call(this, descriptor, descriptor);
      },
  );
  replace(GPUDevice.prototype, "createComputePipelineAsync", () =>
    // deno-lint-ignore require-await -- what it throws must be a rejection
    async function (this: GPUDevice, descriptor: GPUComputePipelineDescriptor) {
      return this.createComputePipeline(descriptor);
    });
  for (
    const [prototype, name] of [
      [GPUDevice.prototype, "popErrorScope"],
      [GPUBuffer.prototype, "mapAsync"],
      [GPUQueue.prototype, "onSubmittedWorkDone"],
    ] as const
  ) {
    replace(prototype, name, (original) =>
      async function (this: unknown, ...args: unknown[]) {
        return await original.apply(this, args);
      });
  }
}

function replace(prototype: object, name: string, make: (original: Method) => Method): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor?.value === undefined) return;
  Object.defineProperty(prototype, name, { ...descriptor, value: make(descriptor.value) });
}
