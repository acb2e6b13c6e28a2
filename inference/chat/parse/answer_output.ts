/** What a parser found, collected as deltas. White space around markers is dropped, inside text it is kept. */
import type { ParsedDelta } from "../format.ts";

export class AnswerOutput {
  #deltas: ParsedDelta[] = [];
  #newId: () => string;
  #calls = 0;
  /** White space at the end of the text so far: printed only when more text follows. */
  #space = "";
  #dropLeading = false;
  #channel: "text" | "reasoning" = "text";

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get calls(): number {
    return this.#calls;
  }

  text(text: string): void {
    this.#write("text", text);
  }

  reasoning(text: string): void {
    this.#write("reasoning", text);
  }

  #write(channel: "text" | "reasoning", text: string): void {
    if (channel !== this.#channel) this.boundary(channel);
    if (this.#dropLeading) text = text.trimStart();
    if (text === "") return;
    this.#dropLeading = false;
    const body = text.trimEnd();
    if (body !== "") {
      this.#emit({ type: channel, text: this.#space + body });
      this.#space = "";
    }
    this.#space += text.slice(body.length);
  }

  /** A marker stood here: white space before it and after it is no part of what is said. */
  boundary(next: "text" | "reasoning"): void {
    this.#space = "";
    this.#dropLeading = true;
    this.#channel = next;
  }

  beginCall(name: string, id?: string): void {
    this.boundary("text");
    this.#deltas.push({ type: "toolCall", index: this.#calls++, id: id ?? this.#newId(), name });
  }

  /** More of the JSON text of the arguments of the call begun last. */
  arguments(text: string): void {
    if (text === "") return;
    const last = this.#deltas.at(-1);
    if (last?.type === "toolCall" && last.name === undefined) last.arguments += text;
    else this.#deltas.push({ type: "toolCall", index: this.#calls - 1, arguments: text });
  }

  #emit(delta: { type: "text" | "reasoning"; text: string }): void {
    const last = this.#deltas.at(-1);
    if (last && last.type === delta.type && "text" in last) last.text += delta.text;
    else this.#deltas.push(delta);
  }

  /** The answer is over: white space at its end belongs to it. */
  end(): void {
    if (this.#space !== "" && this.#channel === "text") this.#emit({ type: "text", text: this.#space });
    this.#space = "";
  }

  /** The deltas since the last time. */
  take(): ParsedDelta[] {
    const deltas = this.#deltas;
    this.#deltas = [];
    return deltas;
  }
}

/** Ids in the form that OpenAI's have. */
export function randomCallId(): string {
  return `call_${randomText(24)}`;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join("");
}
