/** The chat prompt of `skiff model run`. */
import { interruptible } from "../../core/cli/interrupts.ts";
import { printError } from "../../core/cli/run_command.ts";
import { toSkiffError } from "../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { addToHistory, readHistory } from "../../core/terminal/history.ts";
import { LineReader } from "../../core/terminal/line_reader.ts";
import { ownTerminal } from "../../core/terminal/own_terminal.ts";
import type { Conversation, ConversationOptions } from "./conversation.ts";
import { includeFiles } from "./prompt_files.ts";
import { parseReplCommand, type ReplCommand } from "./repl_commands.ts";
import { withModel } from "./run.ts";

/** Reads and answers until the person leaves. The model loads while the first question is being typed. */
export async function chat(conversation: Conversation, options: ConversationOptions): Promise<void> {
  const { client, context, model } = options;
  await interruptible((signal) => withModel(client, context, model, () => client.inspect(model), signal));
  client.preload(model).catch(() => {}); // the first question tells what is wrong
  const keepHistory = !context.env.get("DOCKER_MODEL_NOHISTORY");
  const historyPath = `${skiffPaths(context.env).state}/history`;
  const history = keepHistory ? await readHistory(historyPath) : [];
  const placeholder = "Send a message (/? for help)";
  const reader = new LineReader(ownTerminal(Deno.stdout), {
    placeholder,
    color: context.color,
    history,
    editText,
  });
  while (true) {
    const message = await readMessage(reader, (text) => context.out(text));
    if (message === undefined) return;
    if (message === "") continue;
    if (keepHistory) await addToHistory(historyPath, history, message).catch(() => {});
    else history.push(message);
    try {
      if (!message.startsWith("/")) await answer(conversation, options, message);
      else if (!await obey(parseReplCommand(message), conversation, options)) return;
    } catch (error) {
      if (toSkiffError(error).code !== "interrupted") await printError(error, context);
    }
  }
}

async function answer(
  conversation: Conversation,
  options: ConversationOptions,
  message: string,
): Promise<void> {
  const content = await includeFiles(message);
  const { client, context, model } = options;
  await interruptible((signal) =>
    withModel(client, context, model, () => conversation.ask(content, signal), signal)
  );
}

/** One message, of several lines between """; undefined when the person leaves. */
async function readMessage(
  reader: LineReader,
  print: (text: string) => Promise<void>,
): Promise<string | undefined> {
  let block: string | undefined;
  while (true) {
    const result = await reader.read(block === undefined ? "> " : ". ", { placeholder: block === undefined });
    if (result.type === "end") return undefined;
    if (result.type === "interrupt") {
      if (result.empty && block === undefined) await print("Use Ctrl + d or /bye to exit.\n");
      block = undefined;
      continue;
    }
    if (block === undefined && !result.text.trimStart().startsWith('"""')) return result.text.trim();
    block = block === undefined ? result.text.trimStart().slice(3) : `${block}\n${result.text}`;
    if (block.trimEnd().endsWith('"""')) return block.trimEnd().slice(0, -3).trim();
  }
}

/** Does a slash command; false = leave. */
async function obey(
  command: ReplCommand,
  conversation: Conversation,
  { client, context, model }: ConversationOptions,
): Promise<boolean> {
  switch (command.type) {
    case "leave":
      return false;
    case "clear":
      conversation.clear();
      await context.out("Cleared the conversation.\n");
      return true;
    case "help":
      await context.out(`${command.text}\n`);
      return true;
    case "system":
      conversation.system = command.text;
      await context.out(command.text ? "Set system message.\n" : "Cleared system message.\n");
      return true;
    case "context":
      if (command.deprecated) await context.err("/set parameter is deprecated: use /set num_ctx\n");
      await client.configure(model, { "context-size": command.tokens });
      await context.out(`Set num_ctx to ${command.tokens}\n`);
      return true;
    case "error":
      await context.err(`${command.message}\n`);
      return true;
  }
}

/** Lets a person write in $EDITOR. */
async function editText(text: string): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "skiff-message-", suffix: ".md" });
  try {
    await Deno.writeTextFile(path, text);
    const [program, ...args] = (Deno.env.get("VISUAL") || Deno.env.get("EDITOR") || "vi").split(/\s+/);
    await new Deno.Command(program, { args: [...args, path] }).spawn().status;
    return await Deno.readTextFile(path);
  } catch {
    return text; // no such editor: what was typed stays
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}
