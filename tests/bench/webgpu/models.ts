/**
 * `deno run -A --v8-flags=--expose-gc tests/bench/webgpu/models.ts`: whole models on our kernels against llama.cpp's
 * Vulkan library, on this machine's adapter in one run: prompt and decode tokens a second, what a token costs, where
 * its time goes. llama.cpp on the processor stands beside them for context.
 *
 *   --models smollm2,1B,8B   (or none) the real SmolLM2 in Q4_0; shapes of Llama 3.2 1B and 3.1 8B with weights written here
 *   --prompt 512 --decode 64 tokens     --rounds 3
 *   --peer none              leave llama.cpp out
 *   --soak 10000             tokens that a tiny model decodes while its memory is watched
 *   --write                  add the section to tests/bench/RESULTS.md
 */
import { parseArgs } from "node:util";
import { loadWebgpuEngine } from "../../../inference/engines/webgpu/engine.ts";
import type { WebgpuEngine } from "../../../inference/engines/webgpu/webgpu_engine.ts";
import { testGpu } from "../../support/gpu.ts";
import { smollm2 } from "../../support/models.ts";
import { quantisedModel } from "../../support/quantise_model.ts";
import { tinyArchitecture } from "../../support/tiny_architectures.ts";
import { llamaSpeed, type PeerDevice } from "./llama_speed.ts";
import { Section } from "./section.ts";
import { benchBatch, type Speed, speed } from "./speed.ts";
import { type StepCost, stepCost } from "./step_cost.ts";
import { syntheticModel } from "./synthetic_model.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    models: { type: "string" },
    prompt: { type: "string" },
    decode: { type: "string" },
    rounds: { type: "string", default: "3" },
    peer: { type: "string", default: "vulkan" },
    soak: { type: "string", default: "10000" },
    write: { type: "boolean", default: false },
  },
});

const gpu = await testGpu();
const { software } = gpu.features;
// A software adapter gets what it can do in a minute or two.
const models = (values.models ?? (software ? "smollm2" : "smollm2,1B,8B")).split(",");
const promptTokens = Number(values.prompt ?? (software ? 64 : 512));
const decodeTokens = Number(values.decode ?? (software ? 16 : 64));
const rounds = Number(values.rounds);

const section = await Section.begin(
  "models on WebGPU",
  "models",
  gpu,
  `Q4_0; prompts of ${promptTokens}, then ${decodeTokens} tokens; medians of ${rounds} rounds`,
);
for (const name of models.filter((name) => name !== "none")) await measureModel(name);
if (Number(values.soak) > 0) await soak(Number(values.soak));
await mixtures();
if (values.write) await section.write();
Deno.exit(0);

async function load(modelPath: string, contextTokens: number): Promise<WebgpuEngine> {
  const options = { modelPath, contextTokens, maxSequences: 1 };
  return await loadWebgpuEngine(options, { openGpu: testGpu }) as WebgpuEngine;
}

async function measureModel(name: string): Promise<void> {
  const modelPath = name === "smollm2"
    ? await quantisedModel(await smollm2(), "Q4_0")
    : await syntheticModel(name);
  const read = await secondsToRead(modelPath);
  const start = performance.now();
  const engine = await load(modelPath, promptTokens + decodeTokens + 64);
  const loaded = (performance.now() - start) / 1000;
  const ours = await speed(engine, { promptTokens, decodeTokens, rounds });
  const cost = await stepCost(engine, promptTokens + decodeTokens, 16);
  const profile = await profileOf(engine, promptTokens + decodeTokens + 16);
  engine.close();
  section.print(`### ${name}`);
  section.print("");
  await speedTable(modelPath, ours);
  costTable(cost, ours);
  const { token, code, submit, wait } = cost.milliseconds;
  section.print(
    `Loading takes ${loaded.toFixed(2)} s, reading the file alone ${read.toFixed(2)} s. A token takes ` +
      `${token.toFixed(1)} ms: ${code.toFixed(2)} in our code and its encoding, ${
        submit.toFixed(2)
      } in handing ` +
      `over, ${wait.toFixed(1)} waiting for the GPU.`,
  );
  section.print("");
  if (profile.length > 0) section.table(["op of a token", "dispatches", "µs", "share"], profile);
}

async function speedTable(modelPath: string, ours: Speed): Promise<void> {
  const row = (what: string, { prompt, decode }: Speed) => [
    what,
    prompt.toFixed(1),
    decode.toFixed(1),
    what.startsWith("skiff")
      ? ""
      : `${(ours.prompt / prompt).toFixed(2)} prompt, ${(ours.decode / decode).toFixed(2)} decode`,
  ];
  const rows = [row("skiff, WebGPU", ours)];
  for (const device of (values.peer === "none" ? [] : ["vulkan", "cpu"]) as PeerDevice[]) {
    // llama.cpp's Vulkan shaders take seconds a token where a processor plays the GPU
    const peerRounds = software && device === "vulkan" ? 1 : rounds;
    const peer = await llamaSpeed(device, modelPath, { promptTokens, decodeTokens, rounds: peerRounds });
    if (peer) rows.push(row(`${device === "cpu" ? "the processor" : "Vulkan"}: ${peer.device}`, peer));
  }
  section.table(["", "prompt tokens/s", "decode tokens/s", "skiff, times as fast"], rows);
}

/** What issue 6 bounds, whatever the machine; the last for software adapters. */
function costTable(cost: StepCost, { decode }: Speed): void {
  const rows: [what: string, found: number, bound: number, atLeast?: boolean][] = [
    ["dispatches a layer", cost.dispatchesPerLayer, 9],
    ["dispatches a token", cost.dispatches, Infinity],
    ["compute passes a token", cost.passes, 1],
    ["submits a token", cost.submits, 1],
    ["readbacks a token", cost.readbacks, 1],
    ["bytes of weights read a token, by those of the file", cost.weightsRatio, 1.05],
    ["MiB of keys and values read besides", cost.cacheBytes / 2 ** 20, Infinity],
    ["ms of a token in our code and its encoding", cost.milliseconds.code, 1],
  ];
  if (software) rows.push(["decode tokens/s of SmolLM2 Q4_0", decode, 5, true]);
  section.table(
    ["what", "found", "bound", "holds"],
    rows.map(([what, found, bound, atLeast = false]) => {
      const holds = atLeast ? found >= bound : found <= bound;
      const limit = bound === Infinity
        ? ["", ""]
        : [`${atLeast ? "≥" : "≤"} ${bound}`, holds ? "yes" : "**no**"];
      return [what, Number(found.toFixed(3)), ...limit];
    }),
  );
}

async function secondsToRead(path: string): Promise<number> {
  using file = await Deno.open(path);
  const slice = new Uint8Array(8 * 2 ** 20);
  const start = performance.now();
  while (await file.read(slice) !== null);
  return (performance.now() - start) / 1000;
}

/** Time of a token by op, each dispatch in a pass of its own. */
async function profileOf(engine: WebgpuEngine, first: number): Promise<(string | number)[][]> {
  const steps = 5;
  const { gpu } = engine.model;
  const profile = await gpu.startProfile(2048);
  if (!profile) return [];
  for (let i = 0; i < steps; i++) await engine.decode(benchBatch(first + i, 1));
  const rows = profile.rows();
  gpu.stopProfile();
  const total = rows.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
  return rows.map(({ label, dispatches, nanoseconds }) => [
    label,
    dispatches / steps,
    (nanoseconds / steps / 1000).toFixed(0),
    `${Math.round(100 * nanoseconds / total)} %`,
  ]);
}

/** Decodes many tokens and watches the memory of the process. */
async function soak(tokens: number): Promise<void> {
  const engine = await load(await tinyArchitecture("llama"), 256);
  const memory: number[] = [];
  const warm = 2000; // until then the heap grows to what it needs
  for (let i = -warm; i < tokens; i++) {
    const position = (i + warm) % 250;
    if (position === 0) engine.freeSequence(0);
    await engine.decode(benchBatch(position, 1));
    if (i >= 0 && i % Math.ceil(tokens / 5) === 0) memory.push(Deno.memoryUsage().rss);
  }
  memory.push(Deno.memoryUsage().rss);
  engine.close();
  const mebibytes = memory.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(", ");
  section.print(`Resident memory over ${tokens} tokens of a tiny model: ${mebibytes} MiB.`);
  section.print("");
}

/** Dispatches a layer of mixtures of experts, on tiny ones. */
async function mixtures(): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [name, type] of [["qwen3moe", "Q4_K_M"], ["gpt-oss", "MXFP4_MOE"]] as const) {
    const engine = await load(await quantisedModel(await tinyArchitecture(name, { width: 256 }), type), 256);
    await engine.decode(benchBatch(0, 8));
    const { dispatchesPerLayer, passes, submits, readbacks } = await stepCost(engine, 8, 8);
    engine.close();
    rows.push([`${name} in ${type}`, dispatchesPerLayer, passes, submits, readbacks]);
  }
  section.table(["experts (tiny models)", "dispatches a layer", "passes", "submits", "readbacks"], rows);
}
