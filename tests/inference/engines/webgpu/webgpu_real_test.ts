/** The suite that every engine passes, on WebGPU. */
import type { EngineOptions } from "../../../../inference/engines/engine.ts";
import { loadWebgpuEngine } from "../../../../inference/engines/webgpu/engine.ts";
import { testGpu } from "../../../support/gpu.ts";
import { tinyArchitecture } from "../../../support/tiny_architectures.ts";
import { engineSuite, type OpenEngine } from "../engine_suite.ts";

async function opener(modelPath: Promise<string>): Promise<OpenEngine> {
  const gpu = await testGpu();
  const path = await modelPath;
  return (options) => {
    const whole: EngineOptions = { modelPath: path, contextTokens: 0, maxSequences: 1, ...options };
    return loadWebgpuEngine(whole, { openGpu: () => Promise.resolve(gpu) });
  };
}

engineSuite("WebGPU, llama", () => opener(tinyArchitecture("llama")), { tolerance: 1e-3 });
engineSuite("WebGPU, gemma3 with sliding windows", () => opener(tinyArchitecture("gemma3")), {
  tolerance: 1e-3,
});
