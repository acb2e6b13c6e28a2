/** A list of dispatches that was made once and is replayed every step: all pipelines, bind groups, parameters. */
import type { BindGroupCache } from "./bind_group_cache.ts";
import type { Dispatch, Workgroups } from "./dispatch.ts";
import { writeParams } from "./params_block.ts";
import { paramsBytes, type PipelineCache } from "./pipeline_cache.ts";

export interface PlannedDispatch {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  paramsOffset: number;
  workgroups: Workgroups | ((rows: number) => Workgroups);
  label: string;
}

export class CommandPlan {
  readonly dispatches: readonly PlannedDispatch[];
  readonly #params: GPUBuffer;

  /** Use `GpuDevice.prepare`, which compiles the kernels first. */
  constructor(
    device: GPUDevice,
    pipelines: PipelineCache,
    groups: BindGroupCache,
    dispatches: readonly Dispatch[],
  ) {
    this.#params = device.createBuffer({
      label: "plan params",
      size: Math.max(1, dispatches.length) * paramsBytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    if (dispatches.length > 0) writeParams(device.queue, this.#params, dispatches);
    this.dispatches = dispatches.map((dispatch, i) =>
      plan(dispatch, pipelines, groups, this.#params, i * paramsBytes)
    );
  }

  free(): void {
    this.#params.destroy();
  }
}

/** One dispatch with everything that the encoder needs. */
export function plan(
  { kernel, buffers, workgroups, label }: Dispatch,
  pipelines: PipelineCache,
  groups: BindGroupCache,
  params: GPUBuffer,
  paramsOffset: number,
): PlannedDispatch {
  const { pipeline, layout } = pipelines.get(kernel);
  const group = groups.get(layout, params, buffers);
  return { pipeline, group, paramsOffset, workgroups, label: label ?? kernel.name };
}
