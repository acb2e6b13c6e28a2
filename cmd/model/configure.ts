/** `skiff model configure`. */
import type { Command, Invocation } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ModelSettings, RunnerMode } from "../../inference/runner/host.ts";
import { engineFlag, engineOf } from "./engine_flag.ts";
import { connectServer } from "./connection.ts";
import { absoluteReference } from "./model_reference.ts";

export const configureCommand: Command = {
  name: "configure",
  aliases: ["config"],
  summary: "Set how a model runs",
  description: "Set how a model runs, kept until changed. Words after -- are llama.cpp's own flags.\n" +
    "`skiff model configure show [MODEL]` prints what is set.",
  args: [{ name: "MODEL", required: true }, { name: "SHOWN", summary: "With `show`: the model" }],
  flags: [
    { name: "context-size", summary: "Tokens of context; -1 = the model's own maximum", value: "TOKENS" },
    {
      name: "mode",
      summary: "What it is for",
      value: "MODE",
      choices: ["completion", "embedding", "reranking"],
    },
    {
      name: "keep-alive",
      summary: "Unload after this long without requests (30m, 0, -1)",
      value: "DURATION",
    },
    {
      name: "think",
      summary: "Let the model reason, or not (--think=false)",
      value: "BOOL",
      optionalValue: true,
    },
    { name: "parallel", summary: "Requests computed together", value: "N" },
    engineFlag("What computes"),
  ],
  examples: [
    "skiff model configure --context-size 8192 smollm2",
    "skiff model configure --keep-alive -1 smollm2 -- --threads 4 --temp 0.2",
    "skiff model configure show smollm2",
  ],
  async run(invocation) {
    const { context, args } = invocation;
    const client = await connectServer(context);
    if (args.MODEL === "show") {
      const shown = await client.configurations(args.SHOWN as string | undefined);
      return await context.out(`${JSON.stringify(shown, null, 2)}\n`);
    }
    if (args.SHOWN !== undefined) {
      throw new SkiffError("usage", `Unexpected argument "${args.SHOWN}"`, {
        hint: "Flags for llama.cpp go after --, e.g. `skiff model configure smollm2 -- --threads 4`.",
      });
    }
    await client.configure(absoluteReference(String(args.MODEL)), settingsOf(invocation));
  },
};

type Settings = ModelSettings & { mode?: RunnerMode };

function settingsOf({ flags, rest }: Invocation): Settings {
  const settings: Settings = {};
  if (flags["context-size"] !== undefined) settings["context-size"] = wholeNumber("context-size", flags);
  if (flags.parallel !== undefined) settings.parallel = wholeNumber("parallel", flags);
  if (flags["keep-alive"] !== undefined) settings.keep_alive = String(flags["keep-alive"]);
  if (flags.mode !== undefined) settings.mode = flags.mode as RunnerMode;
  if (flags.engine !== undefined) settings.engine = engineOf(flags.engine);
  if (flags.think !== undefined) settings["reasoning-budget"] = thinks(flags.think) ? -1 : 0;
  if (rest.length > 0) settings["runtime-flags"] = rest;
  return settings;
}

function thinks(value: unknown): boolean {
  if (value === true || value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new SkiffError("usage", `--think takes true or false, not "${value}"`, {
    hint: "Write --think=false.",
  });
}

function wholeNumber(name: string, flags: Invocation["flags"]): number {
  const number = Number(flags[name]);
  if (Number.isInteger(number) && (number > 0 || number === -1)) return number;
  throw new SkiffError("usage", `--${name} takes a whole number, not "${flags[name]}"`, {
    hint: name === "context-size"
      ? "Give tokens, or -1 for the model's own maximum."
      : "Give a number above zero.",
  });
}
