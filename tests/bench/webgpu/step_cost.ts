/** What a token costs beside the GPU's own time: commands, bytes, and the processor's time. */
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import type { WebgpuEngine } from "../../../inference/engines/webgpu/webgpu_engine.ts";
import { weightsRead } from "../../support/weights_read.ts";
import { median } from "../report.ts";
import { benchBatch } from "./speed.ts";

export interface StepCost {
  dispatches: number;
  /** Of a layer: all but the embedding, the last norm and the logits. */
  dispatchesPerLayer: number;
  passes: number;
  submits: number;
  readbacks: number;
  /** Bytes of weights that are read, by those of the file. */
  weightsRatio: number;
  /** Of keys and values that are held, read once a token. */
  cacheBytes: number;
  /** Milliseconds of a token, of which in our code and in encoding, in handing over, waiting for the GPU. */
  milliseconds: { token: number; code: number; submit: number; wait: number };
}

const outsideLayers = 3;

/** Of single tokens from position `first` on, which the sequence must have reached. */
export async function stepCost(engine: WebgpuEngine, first: number, tokens: number): Promise<StepCost> {
  const { model } = engine;
  const times = watchSteps(model.gpu);
  const before = { ...engine.counters };
  const totals: number[] = [], codes: number[] = [], submits: number[] = [], waits: number[] = [];
  for (let i = 0; i < tokens; i++) {
    const start = performance.now();
    await engine.decode(benchBatch(first + i, 1));
    const total = performance.now() - start;
    totals.push(total);
    submits.push(times.submit);
    waits.push(times.wait);
    codes.push(total - times.submit - times.wait);
  }
  times.stop();
  const each = (name: "dispatches" | "passes" | "submits" | "readbacks") =>
    (engine.counters[name] - before[name]) / tokens;
  const { read, inFile } = weightsRead(model);
  const { layers, attentions } = model.resources.plan.pass;
  const perPosition = attentions.reduce((sum, { shape }) => sum + 2 * shape.kvHeads * shape.headSize * 2, 0);
  return {
    dispatches: each("dispatches"),
    dispatchesPerLayer: (each("dispatches") - outsideLayers) / layers,
    passes: each("passes"),
    submits: each("submits"),
    readbacks: each("readbacks"),
    weightsRatio: read / inFile,
    cacheBytes: perPosition * (first + tokens),
    milliseconds: {
      token: median(totals),
      code: median(codes),
      submit: median(submits),
      wait: median(waits),
    },
  };
}

/** Times of the last step's submit, and of the wait for what it reads; until `stop`. */
function watchSteps(gpu: GpuDevice): { submit: number; wait: number; stop(): void } {
  const times = { submit: 0, wait: 0, stop: () => void delete (gpu as { record?: unknown }).record };
  const timed = <T>(name: "submit" | "wait", work: () => T): T => {
    const start = performance.now();
    const result = work();
    times[name] = performance.now() - start;
    return result;
  };
  const record = gpu.record.bind(gpu);
  gpu.record = () => {
    const recorder = record();
    const [read, submit] = [recorder.read.bind(recorder), recorder.submit.bind(recorder)];
    recorder.read = (range) => {
      const pending = read(range);
      const take = pending.take.bind(pending);
      pending.take = () => timed("wait", take);
      return pending;
    };
    recorder.submit = () => timed("submit", submit);
    return recorder;
  };
  return times;
}
