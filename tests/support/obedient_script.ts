/** Answers as a good model would: keeps to limits, stop strings, formats and demanded tools. */
import type { GenerationEvent, GenerationRequest } from "../../inference/chat/request.ts";
import { scriptedUsage, textEvents } from "./scripted_host.ts";

const words = ["Whales", " are", " mammals", " that", " live", " in", " the", " sea", "."];

export async function* obedient(request: GenerationRequest): AsyncGenerator<GenerationEvent> {
  const { prompt } = request;
  if (
    prompt.kind === "chat" && prompt.chat.tools &&
    ["required", "object"].includes(choiceKind(prompt.chat.toolChoice))
  ) {
    const choice = prompt.chat.toolChoice;
    yield* toolEvents(typeof choice === "object" ? choice.name : prompt.chat.tools[0].name);
    return;
  }
  const echo = prompt.kind === "text" && prompt.echo ? [prompt.text] : [];
  let answer = words.slice(0, request.maxTokens);
  const constraint = prompt.kind === "chat" ? prompt.chat.constraint : prompt.constraint;
  if (constraint?.kind === "gbnf") answer = ["yes"];
  else if (constraint) answer = ['{"name":"Ada"', ',"age":36}'];
  const stopped = stoppedBefore(answer.join(""), request.stop ?? []);
  if (stopped !== undefined) {
    for await (const event of textEvents({ ...request, maxTokens: undefined }, [stopped.text])) {
      yield event.type === "end" ? { ...event, stop: stopped.stop } : event;
    }
  } else {
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

function stoppedBefore(text: string, stop: string[]): { text: string; stop: string } | undefined {
  const [first] = stop.filter((s) => text.includes(s)).sort((a, b) => text.indexOf(a) - text.indexOf(b));
  return first === undefined ? undefined : { text: text.slice(0, text.indexOf(first)), stop: first };
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
