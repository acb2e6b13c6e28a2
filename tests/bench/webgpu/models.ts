/**
 * `deno run -A --v8-flags=--expose-gc tests/bench/webgpu/models.ts`: whole models on our kernels against llama.cpp's
 * Vulkan library, on this machine's adapter in one run: prompt and decode tokens a second, what a step costs, where
 * its time goes.
 *
 *   --models smollm2,1B,8B   (or none) the real SmolLM2 in Q4_0; shapes of Llama 3.2 1B and 3.1 8B with weights written here
 *   --prompt 512 --decode 64 tokens     --rounds 3
 *   --peer none              leave llama.cpp out
 *   --soak 10000             tokens that a tiny model decodes while its memory is watched
 *   --write                  add the tables to tests/bench/RESULTS.md
 */
import { parseArgs } from "node:util";
import type { Batch, Engine } from "../../../inference/engines/engine.ts";
import { loadLlamaEngine } from "../../../inference/engines/llama/engine.ts";
import { librarySet } from "../../../inference/engines/llama/library_set.ts";
import { loadWebgpuEngine } from "../../../inference/engines/webgpu/engine.ts";
import type { WebgpuEngine } from "../../../inference/engines/webgpu/webgpu_engine.ts";
import { testGpu } from "../../support/gpu.ts";
import { smollm2 } from "../../support/models.ts";
import { partsFolder } from "../../support/parts.ts";
import { quantisedModel } from "../../support/quantise_model.ts";
import { tinyArchitecture } from "../../support/tiny_architectures.ts";
import { median } from "../report.ts";
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

interface Speed {
  prompt: number;
  decode: number;
}

const lines: string[] = [];
const print = (line: string) => (lines.push(line), console.log(line));

print(
  `${gpu.facts.description}; prompt of ${promptTokens}, then ${decodeTokens} tokens; medians of ${rounds}`,
);
for (const name of models.filter((name) => name !== "none")) await measureModel(name);
if (Number(values.soak) > 0) await soak(Number(values.soak));
if (values.write) {
  const file = new URL("../RESULTS.md", import.meta.url);
  const head = `\n## ${new Date().toISOString().slice(0, 10)}: models on WebGPU\n\n`;
  await Deno.writeTextFile(file, `${head}${lines.join("\n")}\n`, { append: true });
}
Deno.exit(0);

async function measureModel(name: string): Promise<void> {
  const modelPath = name === "smollm2"
    ? await quantisedModel(await smollm2(), "Q4_0")
    : await syntheticModel(name);
  const options = { modelPath, contextTokens: promptTokens + decodeTokens + 64, maxSequences: 1 };
  const engine = await loadWebgpuEngine(options, { openGpu: testGpu }) as WebgpuEngine;
  const ours = await speed(engine);
  const before = { ...engine.counters };
  await run(engine, promptTokens + decodeTokens, 1);
  const after = { ...engine.counters };
  const profile = await profileOf(engine);
  engine.close();
  print("");
  print(`### ${name}, Q4_0`);
  print("");
  print("| | prompt tokens/s | decode tokens/s |");
  print("| --- | --- | --- |");
  print(`| skiff, WebGPU | ${ours.prompt.toFixed(1)} | ${ours.decode.toFixed(1)} |`);
  const theirs = values.peer === "none" ? undefined : await peerSpeed(modelPath);
  if (theirs) {
    print(`| ${theirs.device} | ${theirs.prompt.toFixed(1)} | ${theirs.decode.toFixed(1)} |`);
    const times = [ours.prompt / theirs.prompt, ours.decode / theirs.decode];
    print(`| times as fast | ${times.map((time) => time.toFixed(2)).join(" | ")} |`);
  }
  print("");
  print(
    `A token: ${after.dispatches - before.dispatches} dispatches, ${
      after.submits - before.submits
    } submit, ` +
      `${after.readbacks - before.readbacks} readback.`,
  );
  if (profile.length > 0) {
    print("");
    print("| op of a decode step | dispatches | µs | share |");
    print("| --- | --- | --- | --- |");
    profile.forEach(print);
  }
}

function batch(first: number, count: number): Batch {
  return {
    tokens: Int32Array.from({ length: count }, (_, i) => 3 + (first + i) * 37 % 250),
    positions: Int32Array.from({ length: count }, (_, i) => first + i),
    sequences: new Int32Array(count),
    wanted: Uint8Array.from({ length: count }, (_, i) => i === count - 1 ? 1 : 0),
  };
}

async function run(engine: Engine, first: number, count: number): Promise<void> {
  await engine.decode(batch(first, count));
}

async function speed(engine: Engine): Promise<Speed> {
  const prompts: number[] = [];
  const decodes: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    engine.freeSequence(0);
    const start = performance.now();
    await run(engine, 0, promptTokens);
    const prefilled = performance.now();
    for (let i = 0; i < decodeTokens; i++) await run(engine, promptTokens + i, 1);
    if (round === 0) continue; // kernels are compiled
    prompts.push(promptTokens / (prefilled - start) * 1000);
    decodes.push(decodeTokens / (performance.now() - prefilled) * 1000);
  }
  return { prompt: median(prompts), decode: median(decodes) };
}

/** The same with llama.cpp's Vulkan library, where it is built for this machine. */
async function peerSpeed(modelPath: string): Promise<Speed & { device: string } | undefined> {
  const set = librarySet("vulkan");
  if (!set) return undefined;
  const options = {
    modelPath,
    contextTokens: promptTokens + decodeTokens + 64,
    maxSequences: 1,
    gpuLayers: 999,
  };
  const engine = await loadLlamaEngine(options, { set, install: { root: `${partsFolder}/native` } });
  const measured = { ...await speed(engine), device: engine.info.device };
  engine.close();
  return measured;
}

/** Time of a decode step by op, each dispatch in a pass of its own. */
async function profileOf(engine: WebgpuEngine): Promise<string[]> {
  const steps = 5;
  const { gpu } = engine.model;
  const profile = await gpu.startProfile(2048);
  if (!profile) return [];
  for (let i = 1; i <= steps; i++) await run(engine, promptTokens + decodeTokens + i, 1);
  const rows = profile.rows();
  gpu.stopProfile();
  const total = rows.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
  return rows.map(({ label, dispatches, nanoseconds }) => {
    const micros = (nanoseconds / steps / 1000).toFixed(0);
    return `| ${label} | ${dispatches / steps} | ${micros} | ${Math.round(100 * nanoseconds / total)} % |`;
  });
}

/** Decodes many tokens and watches the memory of the process. */
async function soak(tokens: number): Promise<void> {
  const options = { modelPath: await tinyArchitecture("llama"), contextTokens: 256, maxSequences: 1 };
  const engine = await loadWebgpuEngine(options, { openGpu: testGpu });
  const memory: number[] = [];
  const warm = 2000; // until then the heap grows to what it needs
  for (let i = -warm; i < tokens; i++) {
    const position = (i + warm) % 250;
    if (position === 0) engine.freeSequence(0);
    await run(engine, position, 1);
    if (i >= 0 && i % Math.ceil(tokens / 5) === 0) memory.push(Deno.memoryUsage().rss);
  }
  memory.push(Deno.memoryUsage().rss);
  engine.close();
  const mebibytes = memory.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(", ");
  print("");
  print(`Resident memory over ${tokens} tokens of a tiny model: ${mebibytes} MiB.`);
}
