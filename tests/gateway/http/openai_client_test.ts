/** The official client against the server with a host that follows the request as a good model would. */
import { skiffPaths } from "../../../core/paths/paths.ts";
import { startServer } from "../../../gateway/http/server.ts";
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import { MadeStore, ScriptedHost, scriptedUsage, textEvents } from "../../support/scripted_host.ts";
import { type ClientTarget, openaiClientSuite } from "./openai_client_suite.ts";

const words = ["Whales", " are", " mammals", " that", " live", " in", " the", " sea", "."];

async function* obedient(request: GenerationRequest): AsyncGenerator<GenerationEvent> {
  const { prompt } = request;
  if (
    prompt.kind === "chat" && prompt.chat.tools &&
    ["required", "object"].includes(choiceKind(prompt.chat.toolChoice))
  ) {
    yield* toolEvents(prompt.chat.tools[0].name);
    return;
  }
  const echo = prompt.kind === "text" && prompt.echo ? [prompt.text] : [];
  let answer = words.slice(0, request.maxTokens);
  const constraint = prompt.kind === "chat" ? prompt.chat.constraint : prompt.constraint;
  if (constraint?.kind === "gbnf") answer = ["yes"];
  else if (constraint) answer = ['{"name":"Ada"', ',"age":36}'];
  const stopped = stoppedBefore(answer.join(""), request.stop ?? []);
  if (stopped !== undefined) yield* textEvents({ ...request, maxTokens: undefined }, [stopped]);
  else {
    for await (const event of textEvents(request, [...echo, ...answer])) {
      if (event.type === "usage") {
        yield { type: "usage", usage: { ...scriptedUsage, completionTokens: answer.length } };
      } else if (event.type === "end") {
        yield { ...event, finishReason: answer.length === request.maxTokens ? "length" : "stop" };
      } else yield event;
    }
  }
}

function choiceKind(choice: unknown): string {
  return typeof choice === "string" ? choice : typeof choice;
}

function stoppedBefore(text: string, stop: string[]): string | undefined {
  const at = Math.min(...stop.map((s) => text.indexOf(s)).filter((i) => i >= 0));
  return Number.isFinite(at) ? text.slice(0, at) : undefined;
}

async function* toolEvents(name: string): AsyncGenerator<GenerationEvent> {
  yield { type: "start", promptTokens: 9, cachedTokens: 0 };
  yield { type: "delta", index: 0, toolCall: { index: 0, id: "call_abc", name } };
  for (const piece of ['{"ci', 'ty":"Os', 'lo"}']) {
    yield { type: "delta", index: 0, toolCall: { index: 0, arguments: piece } };
  }
  yield { type: "end", index: 0, finishReason: "tool_calls" };
  yield { type: "usage", usage: scriptedUsage };
}

async function start(prefix: string): Promise<ClientTarget> {
  const home = await Deno.makeTempDir({ prefix: "skiff-openai" });
  const server = await startServer({
    paths: skiffPaths({ get: (name) => name === "SKIFF_HOME" ? home : undefined }),
    port: 0,
    parts: () => ({ store: new MadeStore(), host: new ScriptedHost(obedient) }),
  });
  return {
    baseURL: `${server.addresses.url}${prefix}`,
    model: "ai/smollm2",
    async close() {
      await server.close({ force: true });
      await Deno.remove(home, { recursive: true });
    },
  };
}

for (const prefix of ["/v1", "/engines/llama.cpp/v1"]) {
  openaiClientSuite(`scripted host, ${prefix}`, () => start(prefix));
}
