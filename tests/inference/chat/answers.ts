/** Drives an answer parser over a text cut in different ways. */
import assert from "node:assert/strict";
import type { AnswerParser, ParsedDelta } from "../../../inference/chat/format.ts";

/** An answer put together from its deltas. */
export interface Answer {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: string }[];
}

export function assemble(deltas: ParsedDelta[]): Answer {
  const answer: Answer = { text: "", reasoning: "", calls: [] };
  for (const delta of deltas) {
    if (delta.type === "text") answer.text += delta.text;
    else if (delta.type === "reasoning") answer.reasoning += delta.text;
    else {
      if (delta.name !== undefined) answer.calls[delta.index] = { name: delta.name, arguments: "" };
      answer.calls[delta.index].arguments += delta.arguments ?? "";
    }
  }
  return answer;
}

/** Deltas with neighbours of one kind joined and ids left out. */
export function joined(deltas: ParsedDelta[]): ParsedDelta[] {
  const out: ParsedDelta[] = [];
  for (const delta of deltas) {
    const last = out.at(-1);
    if (delta.type !== "toolCall" && last?.type === delta.type) last.text += delta.text;
    else if (delta.type === "toolCall" && last?.type === "toolCall" && delta.name === undefined) {
      last.arguments = (last.arguments ?? "") + (delta.arguments ?? "");
    } else {out.push(
        { ...delta, ...delta.type === "toolCall" && { id: delta.id ? "id" : undefined } } as ParsedDelta,
      );}
  }
  return out;
}

export function read(parser: AnswerParser, pieces: string[]): ParsedDelta[] {
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

/** Reads the text whole, cut at every position and by characters; all must say the same, which is returned. */
export function readEveryWay(open: () => AnswerParser, text: string): Answer {
  const whole = read(open(), [text]);
  for (let cut = 1; cut < text.length; cut++) {
    const pieces = [text.slice(0, cut), text.slice(cut)];
    assert.deepEqual(joined(read(open(), pieces)), joined(whole), `cut at ${JSON.stringify(pieces)}`);
  }
  assert.deepEqual(joined(read(open(), Array.from(text))), joined(whole), "by characters");
  return assemble(whole);
}
