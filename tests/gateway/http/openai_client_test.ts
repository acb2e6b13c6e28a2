/** The official client against the server with a host that follows the request as a good model would. */
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import { ScriptedHost, scriptedUsage, textEvents } from "../../support/scripted_host.ts";
import { scriptedService } from "../../support/scripted_service.ts";
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
  const { url, close } = await scriptedService(new ScriptedHost(obedient));
  return { baseURL: `${url}${prefix}`, model: "ai/smollm2", close };
}

for (const prefix of ["/v1", "/engines/llama.cpp/v1"]) {
  openaiClientSuite(`scripted host, ${prefix}`, () => start(prefix));
}
