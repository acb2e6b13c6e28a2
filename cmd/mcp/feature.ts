/** `skiff mcp feature`. */
import type { Command } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { knownFeatures, readFeatures, setFeature } from "../../gateway/mcp/configuration/features.ts";
import { jsonFlag, placeOf } from "./place.ts";

const lsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the features",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const states = await readFeatures(placeOf(context).files);
    if (flags.json) return await context.out(`${JSON.stringify(states, null, 2)}\n`);
    const rows = knownFeatures.map(({ name, summary }) => [
      name,
      states[name] ? "enabled" : "disabled",
      summary,
    ]);
    await context.out(formatTable(["feature", "state", "what it does"], rows));
  },
};

function switching(name: "enable" | "disable", summary: string): Command {
  return {
    name,
    summary,
    args: [{
      name: "FEATURE",
      required: true,
      complete: () => Promise.resolve(knownFeatures.map(({ name }) => name)),
    }],
    async run({ context, args }) {
      const feature = args.FEATURE as string;
      await setFeature(placeOf(context).files, feature, name === "enable", context.env);
      await context.out(`${feature} is ${name}d. Clients that run may need a restart.\n`);
    },
  };
}

export const featureCommand: Command = {
  name: "feature",
  summary: "Switch features of the gateway on and off",
  commands: [
    lsCommand,
    switching("enable", "Switch a feature on"),
    switching("disable", "Switch a feature off"),
  ]
    .map((command) => ({
      name: command.name,
      aliases: command.aliases,
      summary: command.summary,
      load: () => Promise.resolve(command),
    })),
};
