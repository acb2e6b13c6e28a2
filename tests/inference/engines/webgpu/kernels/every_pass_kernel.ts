/** Every variant of the texts of norms, attention and gates: what the WGSL compilers are shown. */
import type {
  BufferRange,
  Dispatch,
  KernelCode,
} from "../../../../../inference/engines/webgpu/device/dispatch.ts";
import { attention, type CacheType } from "../../../../../inference/engines/webgpu/kernels/attention.ts";
import { gate } from "../../../../../inference/engines/webgpu/kernels/gate.ts";
import { logitCap } from "../../../../../inference/engines/webgpu/kernels/logit_cap.ts";
import { norm } from "../../../../../inference/engines/webgpu/kernels/norm.ts";
import { normRouter } from "../../../../../inference/engines/webgpu/kernels/norm_router.ts";
import type { Activations } from "../../../../../inference/engines/webgpu/kernels/pass_buffers.ts";

const range: BufferRange = { buffer: {} as GPUBuffer, offset: 0, size: 2 ** 20 };
const shared = { step: range, batch: range, pages: range, vectors: range, unread: range, unwritten: range };
const outs: Activations[] = [{ plain: range }, { groups: range }, { plain: range, groups: range }];
const step = { singles: 1, splits: 1, tiles: 1 };

/** Kernels by text, each once. */
export function everyPassKernel(): KernelCode[] {
  const dispatches = [...norms(), ...routers(), ...attentions(), ...others()];
  return [...new Map(dispatches.map(({ kernel }) => [kernel.code, kernel])).values()];
}

function* norms(): Generator<Dispatch> {
  for (const width of [64, 4096]) {
    for (const gather of [false, true]) {
      for (const add of [undefined, { scale: 1, post: 0 }]) {
        for (const out of outs) {
          const shape = { width, epsilon: 1e-6, weight: 0, wanted: 0, gather, add };
          yield* norm(shape, { stream: range, branch: range, out }, shared);
        }
      }
    }
  }
}

function* routers(): Generator<Dispatch> {
  const features = { f16: true, dp4a: true, subgroupSize: 0, timestamps: true, bindingBytes: 2 ** 27 };
  for (const type of ["F32", "F16", "BF16"] as const) {
    for (
      const [software, width, workgroupBytes] of [[true, 2048, 32_768], [false, 64, 16_384], [
        false,
        8192,
        16_384,
      ]] as const
    ) {
      for (const out of outs) {
        for (const bias of [undefined, range]) {
          const parts = [{ range, firstRow: 0, rows: 64 }, { range, firstRow: 64, rows: 2 }];
          const router = { type, rows: 66, columns: width, order: "plain" as const, experts: 1, parts };
          const shape = { width, epsilon: 1e-6, weight: 0 };
          const choosing = { logits: range, experts: 66, gating: "selected" as const };
          const operands = { stream: range, router, bias, choosing, route: range, slots: 4, out };
          yield* normRouter({ ...features, software, workgroupBytes }, shape, operands, shared);
        }
      }
    }
  }
}

function* attentions(): Generator<Dispatch> {
  const operands = {
    qkv: range,
    turns: range,
    queries: range,
    keys: range,
    values: range,
    parts: range,
    sums: range,
  };
  const caches: CacheType[] = ["f32", "f16", "q8_0"];
  for (const headSize of [64, 80, 96, 128, 256]) {
    for (const cache of caches.filter((type) => type !== "q8_0" || headSize % 32 === 0)) {
      for (const special of [false, true]) {
        const kernel = {
          heads: special ? 8 : 4,
          kvHeads: special ? 2 : 4,
          headSize,
          cache,
          cacheScales: 0,
          rotated: special ? headSize / 2 : headSize,
          neox: special,
          scale: 1,
          window: special ? 100 : 0,
          softcap: special ? 50 : 0,
          epsilon: 1e-6,
          queryNorm: special ? 0 : undefined,
          keyNorm: special ? 0 : undefined,
          sinks: special ? 0 : undefined,
        };
        for (const out of headSize === 64 ? outs : outs.slice(2)) {
          yield* attention(kernel, { ...operands, out }, shared, step, 0);
        }
      }
    }
  }
}

function* others(): Generator<Dispatch> {
  for (const kind of ["silu", "gelu", "swiglu_oai"] as const) {
    for (const out of outs) yield* gate({ width: 64, kind, perToken: 1 }, { gateUp: range, out }, shared);
  }
  yield* logitCap(range, { width: 100, scale: 0.5, softcap: 30 });
}
