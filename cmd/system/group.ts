/** `skiff system`: what this machine has. */
import type { Command } from "../../core/cli/command.ts";

export const systemCommand: Command = {
  name: "system",
  summary: "Show what this machine has for skiff",
  commands: [{
    name: "gpu",
    summary: "Show GPUs, their limits and their measured bandwidth",
    load: async () => (await import("./gpu.ts")).gpuCommand,
  }],
};
