/** `skiff model inspect` for programs and `skiff model show` for people. */
import type { Command, Flag } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { connectServer } from "./connection.ts";
import { displayName } from "../../inference/store/reference.ts";

const remote: Flag = { name: "remote", short: "r", summary: "Ask the registry instead of what is here" };

export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show all about a model as JSON",
  args: [{ name: "MODEL", required: true }],
  flags: [remote, { name: "openai", summary: "Print the OpenAI API's description" }],
  async run({ context, args, flags }) {
    if (flags.remote && flags.openai) {
      throw new SkiffError("usage", "--remote and --openai exclude each other", {
        hint: "The OpenAI API knows only what is here.",
      });
    }
    const client = await connectServer(context);
    const name = String(args.MODEL);
    const found = flags.openai
      ? await client.openAIModel(name)
      : await client.inspect(name, { remote: flags.remote === true });
    await context.out(`${JSON.stringify(found, null, 2)}\n`);
  },
};

export const showCommand: Command = {
  name: "show",
  summary: "Show what a model is",
  args: [{ name: "MODEL", required: true }],
  flags: [remote],
  async run({ context, args, flags }) {
    const client = await connectServer(context);
    const { id, tags, created, config, running = [] } = await client.inspect(String(args.MODEL), {
      remote: flags.remote === true,
    });
    const lines: [string, string][] = [
      ["Model", id],
      ["Tags", tags.map(displayName).join(", ") || "<none>"],
      ["Created", new Date(created * 1000).toISOString().replace(".000Z", "Z")],
      ["Format", config.format],
      ["Architecture", config.architecture],
      ["Parameters", config.parameters],
      ["Size", config.size],
      ["Quantization", config.quantization],
      ["Context size", config.context_size ? String(config.context_size) : ""],
      ...running.map((
        { engine, device, reason },
      ): [string, string] => ["Engine", `${engine}: ${device} (${reason})`]),
    ];
    const shown = lines.filter(([, value]) => value).map(([name, value]) =>
      `${`${name}:`.padEnd(14)}${value}\n`
    );
    const metadata = Object.entries(config.gguf ?? config.onnx ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
    const facts = metadata.map(([key, value]) => `  ${key}: ${oneLine(value)}\n`);
    await context.out(shown.join("") + (facts.length > 0 ? `\nMetadata:\n${facts.join("")}` : ""));
  },
};

function oneLine(value: string): string {
  const line = value.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}
