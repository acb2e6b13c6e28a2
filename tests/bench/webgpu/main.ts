/**
 * `deno run -A tests/bench/webgpu/main.ts [--write] [--rounds 5]`: all of issue 6's figures on this machine's adapter,
 * one bench after the other, each a process of its own: kernels, attention, models. With `--write` their sections go
 * to tests/bench/RESULTS.md, and with a software adapter a list of what only hardware can show.
 */
import { parseArgs } from "node:util";
import { requestAdapter } from "../../../inference/engines/webgpu/device/adapter.ts";
import { provideAdapter } from "../../support/gpu.ts";
import { addToResults } from "./section.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { write: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } },
});

/** What a processor that plays a GPU says nothing about, with what measures it. */
const needsHardware: [figure: string, bound: string, command: string][] = [
  [
    "GEMV of Q4_0, Q8_0, Q4_K: share of the adapter's copy bandwidth",
    "≥ 70 %",
    "kernels.ts --types Q4_0,Q8_0,Q4_K",
  ],
  ["attention of a token: share of the copy bandwidth", "", "attention.ts"],
  ["GEMV and GEMM at 512 tokens against MatMulNBits", "≥ 2x", "kernels.ts --types Q4_0"],
  ["decode against llama.cpp's Vulkan library, 1B, 8B, SmolLM2", "≥ 1x", "models.ts"],
  ["prompts of 512 against llama.cpp's Vulkan library", "≥ 0.6x", "models.ts"],
];

await provideAdapter();
const { facts } = await requestAdapter();
for (const name of ["kernels", "attention", "models"]) {
  const args = [
    "run",
    "-A",
    "--v8-flags=--expose-gc",
    `tests/bench/webgpu/${name}.ts`,
    "--rounds",
    values.rounds,
  ];
  const cwd = new URL("../../../", import.meta.url);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: values.write ? [...args, "--write"] : args,
    cwd,
  }).spawn().status;
  if (!success) Deno.exit(1);
}
if (facts.software) {
  const rows = needsHardware.map(([figure, bound, command]) =>
    `| ${figure} | ${bound} | \`deno run -A --v8-flags=--expose-gc tests/bench/webgpu/${command} --write\` |`
  );
  const text = [
    "### Not measured: no hardware GPU",
    "",
    `The only adapter here is ${facts.description}. What needs a GPU, and the command that measures it there (all`,
    "of them: `deno run -A tests/bench/webgpu/main.ts --write`):",
    "",
    "| figure | bound | command |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
  console.log(text);
  if (values.write) await addToResults(text);
}
