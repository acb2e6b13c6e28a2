/** `skiff model run MODEL [PROMPT…]`: one answer, or a chat. */
import type { Command, Context, Invocation } from "../../core/cli/command.ts";
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import type { ApiClient } from "../../gateway/client/api_client.ts";
import type { EngineName } from "../../inference/engines/engine.ts";
import { engineFlag, engineOf } from "./engine_flag.ts";
import { connectServer, openAIServer } from "./connection.ts";
import { absoluteReference } from "./model_reference.ts";
import { includeFiles } from "./prompt_files.ts";
import { Conversation } from "./conversation.ts";

export const runModelCommand: Command = {
  name: "run",
  summary: "Run a model: answer a prompt, or chat",
  description:
    "Answers the prompt and ends; without a prompt it is a chat. What is piped in follows the prompt.\n" +
    "A model that is not here is pulled first.",
  args: [{ name: "MODEL", required: true }, { name: "PROMPT", variadic: true }],
  flags: [
    { name: "detach", short: "d", summary: "Only load the model" },
    { name: "debug", summary: "Show tokens a second, and the causes of errors" },
    {
      name: "color",
      summary: "Tint code blocks",
      value: "WHEN",
      choices: ["auto", "yes", "no"],
      default: "no",
    },
    engineFlag("What computes, from now on (as configure --engine)"),
    { name: "openaiurl", summary: "Talk to this OpenAI-compatible server instead", value: "URL" },
    {
      name: "ignore-runtime-memory-check",
      summary: "Accepted for compatibility",
      hidden: true,
    },
  ],
  examples: [
    'skiff model run smollm2 "Give me a fact about whales."',
    'git diff | skiff model run smollm2 "Summarise this change."',
    "skiff model run smollm2",
  ],
  async run({ context, args, flags }) {
    const model = absoluteReference(String(args.MODEL));
    const color = flags.color === "yes" || flags.color === "auto" && context.color;
    const openAiUrl = flags.openaiurl as string | undefined;
    if (openAiUrl) return await askElsewhere(openAIServer(openAiUrl), { context, args, color });
    const engine = engineOf(flags.engine);
    // A server that starts would load the model at once, and with the engine that it had.
    const client = await connectServer(context, engine ? {} : { preload: model });
    if (engine) await withModel(client, context, model, () => chooseEngine(client, model, engine));
    if (flags.detach) return await withModel(client, context, model, () => client.preload(model));
    const prompt = await promptOf(context, (args.PROMPT ?? []) as string[]);
    const conversation = new Conversation({ client, context, model, color });
    if (prompt !== undefined) {
      const content = await includeFiles(prompt);
      return await withModel(client, context, model, () => conversation.ask(content, context.signal));
    }
    const { chat } = await import("./repl.ts");
    await chat(conversation, { client, context, model, color });
  },
};

/** Keeps what else is configured for the model. */
async function chooseEngine(client: ApiClient, model: string, engine: "auto" | EngineName): Promise<void> {
  const { id } = await client.inspect(model);
  const kept = (await client.configurations(id)).find(({ Mode }) => Mode === "completion")?.Config ?? {};
  if ((kept.engine ?? "auto") !== engine) await client.configure(id, { ...kept, engine });
}

/** One answer of another server's model: there is nothing to pull or to load. */
async function askElsewhere(
  client: ApiClient,
  { context, args, color }: { context: Context; args: Invocation["args"]; color: boolean },
): Promise<void> {
  const prompt = await promptOf(context, (args.PROMPT ?? []) as string[]);
  if (prompt === undefined) throw noPrompt();
  const conversation = new Conversation({ client, context, model: String(args.MODEL), color });
  await conversation.ask(await includeFiles(prompt), context.signal);
}

/** Words of the command line, and what is piped in after a blank line; undefined = nobody said anything yet. */
async function promptOf(context: Context, words: string[]): Promise<string | undefined> {
  const prompt = words.join(" ");
  if (context.stdinIsTerminal) return prompt || undefined;
  const piped = (await new Response(Deno.stdin.readable).text()).trim();
  const whole = [prompt, piped].filter(Boolean).join("\n\n");
  if (whole) return whole;
  throw noPrompt();
}

function noPrompt(): SkiffError {
  return new SkiffError("usage", "There is no prompt", {
    hint: "Give one after the model's name, pipe one in, or run it in a terminal to chat.",
  });
}

/** Does it; when the model turns out not to be here, pulls it and does it again. */
export async function withModel<T>(
  client: ApiClient,
  context: Context,
  model: string,
  work: () => Promise<T>,
  signal: AbortSignal = context.signal,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (toSkiffError(error).code !== "not_found") throw error;
    await context.err(`Unable to find model '${model}' locally. Pulling from the server.\n`);
    const { pullModel } = await import("./pull.ts");
    await pullModel(client, context, model, { signal, toStderr: true });
    return await work();
  }
}
