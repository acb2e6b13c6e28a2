/**
 * The real codex and claude complete turns against this server. The model is a script that asks for two
 * commands and then tells what came of them: what a capable model would do.
 */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type {
  ChatMessage,
  ChatRequest,
  GenerationEvent,
  GenerationRequest,
} from "../../../inference/chat/request.ts";
import {
  type AgentAnswer,
  claudeBinary,
  codexBinary,
  type Desk,
  runClaude,
  runCodex,
  withDesk,
} from "../../support/coding_agents.ts";
import { realTest } from "../../support/parts.ts";
import { ScriptedHost, scriptedUsage, textEvents } from "../../support/scripted_host.ts";
import { scriptedService } from "../../support/scripted_service.ts";

interface Agent {
  name: string;
  needs: () => Promise<string>;
  run: (desk: Desk, url: string, task: { prompt: string; model: string }) => Promise<AgentAnswer>;
  /** Arguments of the agent's shell tool, for a command. */
  shell: { tool: string; arguments: (command: string) => Record<string, unknown> };
  /** Names of tools that the agent offers, as the model sees them. */
  offers: string[];
}

const model = "ai/smollm2";

const agents: Agent[] = [
  {
    name: "codex exec",
    needs: codexBinary,
    run: (desk, url, task) => runCodex(desk, { baseURL: `${url}/v1`, ...task }),
    shell: { tool: "exec_command", arguments: (cmd) => ({ cmd }) },
    offers: ["exec_command", "write_stdin", "multi_agent_v1__spawn_agent"],
  },
  {
    name: "claude -p",
    needs: claudeBinary,
    run: (desk, url, task) => runClaude(desk, { baseURL: `${url}/anthropic`, ...task }),
    shell: { tool: "Bash", arguments: (command) => ({ command, description: "Runs it" }) },
    offers: ["Bash", "Read", "Edit", "Write"],
  },
];

const commands = ["printf 'made by a tool' > made.txt", "cat made.txt"];

/** Asks for the commands one after the other, then says what the last one printed. */
function script({ shell }: Agent) {
  return async function* ({ prompt }: GenerationRequest): AsyncGenerator<GenerationEvent> {
    const { messages, tools = [] } = (prompt as { chat: ChatRequest }).chat;
    const results = messages.filter(({ role }) => role === "tool");
    const command = commands[results.length];
    if (command === undefined || !tools.some(({ name }) => name === shell.tool)) {
      const said = textOf(results.at(-1)).includes("made by a tool") ? "It says so." : "There is nothing.";
      yield* textEvents({ prompt, sampling: {} }, said.split(/(?= )/));
      return;
    }
    const json = JSON.stringify(shell.arguments(command));
    const half = json.length >> 1;
    yield { type: "start", promptTokens: 9, cachedTokens: 4 };
    yield { type: "delta", index: 0, reasoning: "A command is needed." };
    const call = { index: 0, id: `call_${results.length}`, name: shell.tool };
    yield { type: "delta", index: 0, toolCall: { ...call, arguments: json.slice(0, half) } };
    yield { type: "delta", index: 0, toolCall: { index: 0, arguments: json.slice(half) } };
    yield { type: "end", index: 0, finishReason: "tool_calls" };
    yield { type: "usage", usage: scriptedUsage };
  };
}

function textOf(message: ChatMessage | undefined): string {
  return typeof message?.content === "string" ? message.content : JSON.stringify(message?.content ?? "");
}

for (const agent of agents) {
  realTest(`${agent.name}: two shell calls, their results, an answer`, agent.needs, async () => {
    const host = new ScriptedHost(script(agent));
    const service = await scriptedService(host);
    try {
      await withDesk(async (desk) => {
        const { code, stdout, stderr } = await agent.run(desk, service.url, {
          prompt: "What does the file say?",
          model,
        });
        equal(code, 0, `${stdout}\n${stderr}`);
        match(stdout, /It says so\./);
        equal(await Deno.readTextFile(`${desk.workspace}/made.txt`), "made by a tool");
      });
      const chats = host.requests.map(({ prompt }) => (prompt as { chat: ChatRequest }).chat);
      const last = chats.at(-1)!;
      const names = chats[0].tools!.map(({ name }) => name);
      for (const name of agent.offers) ok(names.includes(name), `${name} in ${names}`);
      equal(last.messages.filter(({ role }) => role === "tool").map(({ toolCallId }) => toolCallId), [
        "call_0",
        "call_1",
      ]);
      ok(
        last.messages.some(({ role, content }) => role === "user" && JSON.stringify(content).includes("say")),
      );
    } finally {
      await service.close();
    }
  });

  realTest(`${agent.name}: what goes wrong is told, not waited for`, agent.needs, async (_, t) => {
    const service = await scriptedService(new ScriptedHost(brokenStream));
    try {
      for (const [name, told] of [[model, /process ended/], ["ai/none", /ai\/none/]] as const) {
        await t.step(name, () =>
          withDesk(async (desk) => {
            const answer = await agent.run(desk, service.url, { prompt: "Anything.", model: name });
            match(answer.stdout + answer.stderr, told);
          }));
      }
    } finally {
      await service.close();
    }
  });
}

async function* brokenStream(): AsyncGenerator<GenerationEvent> {
  yield { type: "start", promptTokens: 9, cachedTokens: 4 };
  yield { type: "delta", index: 0, text: "Half of " };
  throw new SkiffError("unavailable", "The model's process ended");
}
