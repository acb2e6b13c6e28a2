import { deepStrictEqual as equal, throws } from "node:assert";
import type { AnswerParser, ParsedDelta, PromptPiece } from "../../../inference/chat/format.ts";
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import { startGeneration } from "../../../inference/runner/generation.ts";
import type { ModelParts } from "../../../inference/runner/model_parts.ts";
import { encodePieces, preparePrompt } from "../../../inference/runner/prompt.ts";
import { Scheduler } from "../../../inference/scheduler/scheduler.ts";
import {
  bosToken,
  endToken,
  type Script,
  ScriptedEngine,
  scriptedSampler,
  scriptedTokenizer,
  toolToken,
} from "../../support/scripted_engine.ts";

/** Reads "(thoughts)" as reasoning and "<tool_call>{…}" as a call. */
class BracketParser implements AnswerParser {
  toolCalls = 0;
  #mode: ParsedDelta["type"] = "text";

  push(text: string): ParsedDelta[] {
    if (text === "<tool_call>") {
      this.#mode = "toolCall";
      return [{ type: "toolCall", index: this.toolCalls++, id: "call_1", name: "f" }];
    }
    return [...text].flatMap((character): ParsedDelta[] => {
      if (character === "(") this.#mode = "reasoning";
      else if (character === ")") this.#mode = "text";
      else if (this.#mode === "toolCall") return [{ type: "toolCall", index: 0, arguments: character }];
      else return [{ type: this.#mode, text: character }];
      return [];
    });
  }

  end(): ParsedDelta[] {
    return [];
  }
}

/** Answers with these tokens, then ends. */
function speaking(...tokens: (string | number)[]): Script {
  const all = tokens.flatMap((token): (string | number)[] =>
    typeof token === "number" ? [token] : [...token]
  );
  let next = 0;
  return () => all[next++] ?? endToken;
}

async function eventsOf(script: Script, request: Partial<GenerationRequest>): Promise<GenerationEvent[]> {
  const parts: ModelParts = {
    engine: new ScriptedEngine({ script }),
    tokenizer: scriptedTokenizer,
    createSampler: scriptedSampler,
    compileConstraint: () => ({ start: () => undefined }),
    chat: {
      family: "test",
      supportsTools: true,
      supportsThinking: true,
      render: () => ({
        pieces: [{ text: "hello", trusted: false }],
        stop: ["##"],
        startsInReasoning: false,
        visibleTokens: ["<tool_call>"],
      }),
      parser: () => new BracketParser(),
    },
  };
  const scheduler = new Scheduler({ ...parts, queueLimit: 1 });
  const events: GenerationEvent[] = [];
  const prompt = { kind: "chat" as const, chat: { messages: [] } };
  await startGeneration(parts, scheduler, { prompt, sampling: {}, ...request }, {
    event: (event) => events.push(event),
    end: (error) => {
      if (error) throw error;
    },
  });
  while (scheduler.busy) await scheduler.step();
  return events;
}

const deltas = (events: GenerationEvent[]) =>
  events.flatMap((event) => event.type === "delta" ? [event.text ?? event.reasoning ?? event.toolCall] : []);

Deno.test("startGeneration separates reasoning and counts its tokens", async () => {
  const events = await eventsOf(speaking("(ab)cd"), {});
  equal(deltas(events), ["a", "b", "c", "d"]);
  equal(events.filter((event) => event.type === "delta" && event.reasoning).length, 2);
  const usage = events.find((event) => event.type === "usage")!.usage;
  equal([usage.completionTokens, usage.reasoningTokens], [6, 3]);
});

Deno.test("startGeneration gives tool calls and their finish reason", async () => {
  const events = await eventsOf(speaking(toolToken, "{}"), {});
  equal(deltas(events), [
    { index: 0, id: "call_1", name: "f", arguments: undefined },
    { index: 0, id: undefined, name: undefined, arguments: "{" },
    { index: 0, id: undefined, name: undefined, arguments: "}" },
  ]);
  equal(events.find((event) => event.type === "end")?.finishReason, "tool_calls");
});

Deno.test("startGeneration ends at the format's own stop texts and at the request's", async () => {
  equal(deltas(await eventsOf(speaking("a##b"), {})), ["a"]);
  equal(deltas(await eventsOf(speaking("a,b##"), { stop: [","] })), ["a"]);
});

Deno.test("startGeneration gives the prompt back where it is asked to", async () => {
  const events = await eventsOf(speaking("yes"), { prompt: { kind: "text", text: "Say ", echo: true } });
  equal(deltas(events).join(""), "Say yes");
});

Deno.test("startGeneration attaches each logprob to one delta", async () => {
  const events = await eventsOf(speaking("a(b"), { logprobs: 1 });
  const shown = events.flatMap((event) => event.type === "delta" ? event.logprobs ?? [] : []);
  equal(shown.map(({ text }) => text), ["a", "(", "b"]);
});

Deno.test("encodePieces never makes a control token of what a user wrote", () => {
  const rows: { pieces: PromptPiece[]; controls: number }[] = [
    { pieces: [{ text: "<|bos|>", trusted: true }, { text: "hi", trusted: false }], controls: 1 },
    { pieces: [{ text: "<|bos|>", trusted: true }, { text: "<|end|>", trusted: false }], controls: 1 },
    { pieces: [{ text: "<|end", trusted: false }, { text: "|>", trusted: true }], controls: 0 },
    { pieces: [{ text: "<|", trusted: true }, { text: "end|>", trusted: false }], controls: 0 },
    { pieces: [{ text: "<|end|>", trusted: false }, { text: "<|end|>", trusted: true }], controls: 1 },
  ];
  for (const { pieces, controls } of rows) {
    const tokens = encodePieces(pieces, scriptedTokenizer);
    equal(tokens.filter((token) => token >= 256).length, controls, JSON.stringify(pieces));
    equal(scriptedTokenizer.decode(tokens, { special: true }), pieces.map(({ text }) => text).join(""));
  }
});

Deno.test("encodePieces begins with one beginning token", () => {
  const tokenizer = { ...scriptedTokenizer, special: { bos: bosToken, addBos: true, addEos: false } };
  const written = encodePieces([{ text: "<|bos|>a", trusted: true }], tokenizer);
  const missing = encodePieces([{ text: "a", trusted: true }], tokenizer);
  equal([[...written], [...missing]], [[bosToken, 97], [bosToken, 97]]);
});

Deno.test("preparePrompt refuses tokens that do not exist", () => {
  const parts = { tokenizer: scriptedTokenizer } as ModelParts;
  for (const token of [-1, 1.5, 100_000]) {
    throws(() => preparePrompt({ kind: "tokens", tokens: [1, token] }, parts), { code: "invalid_input" });
  }
  equal(preparePrompt({ kind: "text", text: "" }, parts).tokens, Int32Array.of(bosToken));
});
