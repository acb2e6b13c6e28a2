/** Scale and soft-cap of logits, in place (logit_cap.wgsl). */
import { type BufferRange, type Dispatch, float32Word } from "../device/dispatch.ts";
import source from "./logit_cap.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";

/** Nothing where logits are meant as they come. `softcap` 0 = none. `rows` of a step are the wanted ones. */
export function logitCap(
  logits: BufferRange,
  { width, scale, softcap }: { width: number; scale: number; softcap: number },
): Dispatch[] {
  if (scale === 1 && softcap === 0) return [];
  const threads = 64;
  return [{
    kernel: {
      name: `logit cap ${width}`,
      code: specialise(source, { WIDTH: width, THREADS: threads }),
      access: ["write"],
    },
    buffers: [logits],
    params: [float32Word(scale), float32Word(softcap)],
    workgroups: (rows) => [Math.ceil(width / threads), rows, 1],
    label: "logits",
  }];
}
