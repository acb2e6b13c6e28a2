/** `skiff system gpu`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { binarySize } from "../../core/format/byte_size.ts";
import type { AdapterReport, GpuReport } from "../../inference/engines/gpu/report.ts";

export const gpuCommand: Command = {
  name: "gpu",
  summary: "Show GPUs, their limits and their measured bandwidth",
  description: "Asks WebGPU for adapters and measures the memory of each for two seconds.",
  flags: [
    formatFlag("text", "json"),
    { name: "skip-bandwidth", summary: "Measure nothing" },
  ],
  examples: ["skiff system gpu", "skiff system gpu --format json"],
  async run({ context, flags }) {
    const { gpuReport } = await import("../../inference/engines/gpu/report.ts");
    const report = await gpuReport({ measure: !flags["skip-bandwidth"] });
    if (flags.format === "json") return await context.out(`${JSON.stringify(report, null, 2)}\n`);
    await context.out(asText(report));
  },
};

function asText({ adapters, engines, llama, hints }: GpuReport): string {
  const paragraphs = adapters.map((adapter) => table(adapterRows(adapter)));
  if (adapters.length === 0) paragraphs.push("WebGPU has no adapter on this machine.\n");
  paragraphs.push(table([
    ["GGUF models", `${engines.gguf.engine} (${engines.gguf.reason})`],
    ["ONNX models", `${engines.onnx.engine} (${engines.onnx.reason})`],
    ["llama.cpp", `${llama.variant} (${llama.reason})`],
    ["Libraries here", llama.installed.join(", ") || "none unpacked yet"],
  ]));
  if (hints.length > 0) paragraphs.push(hints.map((hint) => `${hint}\n`).join(""));
  return paragraphs.join("\n");
}

function adapterRows(adapter: AdapterReport): [string, string][] {
  const { limits, bandwidth } = adapter;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(3)} GB/s`;
  const rows: [string, string][] = [
    ["Adapter", adapter.description],
    ["Kind", adapter.software ? "software: used only with --engine webgpu" : "hardware"],
    ["Features", adapter.features.join(", ") || "none"],
    ["Largest buffer", binarySize(limits.maxBufferSize)],
    ["Largest binding", binarySize(limits.maxStorageBufferBindingSize)],
    [
      "Workgroup",
      `${limits.maxComputeInvocationsPerWorkgroup} threads, ${
        binarySize(limits.maxComputeWorkgroupStorageSize)
      }`,
    ],
    ["Storage buffers", String(limits.maxStorageBuffersPerShaderStage)],
  ];
  if (bandwidth) {
    rows.push([
      "Copy",
      `${gigabytes(bandwidth.copy)} (read and written, ${binarySize(bandwidth.bufferBytes)})`,
    ]);
    rows.push(["WGSL read", gigabytes(bandwidth.read)]);
  }
  if (adapter.problem) rows.push(["Problem", adapter.problem]);
  return rows;
}

function table(rows: [string, string][]): string {
  return rows.map(([name, value]) => `${`${name}:`.padEnd(17)}${value}\n`).join("");
}
