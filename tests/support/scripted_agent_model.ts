/** A model for agents: asks for shell commands one after the other, then tells what the last one printed. */
import type {
  ChatMessage,
  ChatRequest,
  GenerationEvent,
  GenerationRequest,
} from "../../inference/chat/request.ts";
import { ScriptedHost, scriptedUsage, textEvents } from "./scripted_host.ts";

/** How an agent's shell tool is called. */
export interface ShellTool {
  tool: string;
  arguments: (command: string) => Record<string, unknown>;
}

export const shellTools: Record<string, ShellTool> = {
  codex: { tool: "exec_command", arguments: (cmd) => ({ cmd }) },
  claude: { tool: "Bash", arguments: (command) => ({ command, description: "Runs it" }) },
  opencode: { tool: "bash", arguments: (command) => ({ command, description: "Runs it" }) },
};

/** Without the shell tool among the offered ones (titles, summaries) the answer is a word. */
export function commandingHost(shell: ShellTool, commands: string[]): ScriptedHost {
  return new ScriptedHost(async function* ({ prompt }: GenerationRequest): AsyncGenerator<GenerationEvent> {
    const { messages, tools = [] } = (prompt as { chat: ChatRequest }).chat;
    if (!tools.some(({ name }) => name === shell.tool)) {
      return yield* textEvents({ prompt, sampling: {} }, ["Title"]);
    }
    const results = messages.filter(({ role }) => role === "tool");
    if (results.length >= commands.length) {
      const words = `The last command printed: ${textOf(results.at(-1))}`.split(/(?= )/);
      return yield* textEvents({ prompt, sampling: {} }, words);
    }
    yield { type: "start", promptTokens: 9, cachedTokens: 4 };
    const toolCall = {
      index: 0,
      id: `call_${results.length}`,
      name: shell.tool,
      arguments: JSON.stringify(shell.arguments(commands[results.length])),
    };
    yield { type: "delta", index: 0, toolCall };
    yield { type: "end", index: 0, finishReason: "tool_calls" };
    yield { type: "usage", usage: scriptedUsage };
  });
}

/** Chat requests that the model got, in order. */
export function chatsOf(host: ScriptedHost): ChatRequest[] {
  return host.requests.map(({ prompt }) => (prompt as { chat: ChatRequest }).chat);
}

function textOf(message: ChatMessage | undefined): string {
  if (typeof message?.content === "string") return message.content;
  return (message?.content ?? []).map((part) => part.type === "text" ? part.text : "").join("");
}
