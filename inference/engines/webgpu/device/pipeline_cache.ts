/** Pipelines by kernel text: the same kernel with the same constants is compiled once a device. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Access, KernelCode } from "./dispatch.ts";

export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** Bytes of the window that a kernel sees of the parameters. */
export const paramsBytes = 256;

const bindingTypes: Record<Access, GPUBufferBindingType> = {
  uniform: "uniform",
  read: "read-only-storage",
  write: "storage",
};

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #kernels = new Map<string, CompiledKernel>();
  readonly #layouts = new Map<string, { layout: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get size(): number {
    return this.#kernels.size;
  }

  /** Compiles those that are not yet there. @throws {SkiffError} "internal" with the compiler's words. */
  async compile(kernels: Iterable<KernelCode>): Promise<void> {
    for (const kernel of kernels) {
      if (!this.#kernels.has(kernel.code)) this.#kernels.set(kernel.code, await this.#compileOne(kernel));
    }
  }

  /** A kernel that `compile` was given before. */
  get(kernel: KernelCode): CompiledKernel {
    const compiled = this.#kernels.get(kernel.code);
    if (compiled === undefined) throw new SkiffError("internal", `Kernel "${kernel.name}" was not compiled`);
    return compiled;
  }

  async #compileOne({ name, code, access }: KernelCode): Promise<CompiledKernel> {
    const device = this.#device;
    const { layout, pipeline: pipelineLayout } = this.#layout(access);
    device.pushErrorScope("validation");
    let pipeline: GPUComputePipeline | undefined;
    let thrown: unknown;
    try {
      const module = device.createShaderModule({ code, label: name });
      // The asynchronous form always fails on Deno 2.6.
      pipeline = device.createComputePipeline({
        label: name,
        layout: pipelineLayout,
        compute: { module, entryPoint: "main" },
      });
    } catch (error) {
      thrown = error;
    }
    const error = (await device.popErrorScope()) ?? thrown;
    if (error || pipeline === undefined) {
      const reason = (error as { message?: string })?.message ?? String(error);
      throw new SkiffError("internal", `The GPU cannot compile kernel "${name}": ${reason}`, {
        hint: "Use --engine llama, and report the adapter that `skiff system gpu` shows.",
        cause: error,
      });
    }
    return { pipeline, layout };
  }

  #layout(access: readonly Access[]): { layout: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const key = access.join();
    let known = this.#layouts.get(key);
    if (known === undefined) {
      const visibility = GPUShaderStage.COMPUTE;
      const layout = this.#device.createBindGroupLayout({
        entries: [
          { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } },
          ...access.map((kind, i) => ({ binding: i + 1, visibility, buffer: { type: bindingTypes[kind] } })),
        ],
      });
      known = { layout, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }) };
      this.#layouts.set(key, known);
    }
    return known;
  }
}
