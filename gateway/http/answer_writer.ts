/** From the events of a generation to an answer, whole or as a stream, in the dialect of a writer. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { GenerationEvent } from "../../inference/chat/request.ts";
import { eventStreamResponse, keptAlive, sseEvent } from "./event_stream.ts";
import type { Exchange } from "./inference_route.ts";

/** An event of a dialect's stream; `type` is its name as well. */
export type WireEvent = { type: string } & Record<string, unknown>;

/** Writes one answer in a dialect. Has no clock and knows no HTTP. */
export interface AnswerWriter {
  /** What a stream begins with, before anything is known. */
  begin(): Iterable<WireEvent>;
  write(event: GenerationEvent): Iterable<WireEvent>;
  /** What ends a stream that broke. */
  fail(error: unknown): Iterable<WireEvent>;
  /** A sign of life for a client that waits. */
  waiting(): Iterable<WireEvent>;
  /** The answer so far, as a client that does not stream gets it. */
  body(): unknown;
}

export interface AnswerOptions {
  stream: boolean;
  keepAliveMs: number;
  headers: Record<string, string>;
}

/** Answers with the events of a generation that has begun. Throws what breaks an answer that is not streamed. */
export async function writtenAnswer(
  writer: AnswerWriter,
  events: AsyncIterable<GenerationEvent>,
  exchange: Pick<Exchange, "record" | "abort">,
  { stream, keepAliveMs, headers }: AnswerOptions,
): Promise<Response> {
  if (stream) {
    const signs = () => sse(writer.waiting());
    const chunks = keptAlive(writtenStream(writer, events, exchange), keepAliveMs, signs);
    return eventStreamResponse(chunks, { onCancel: exchange.abort, headers });
  }
  for await (const event of events) drain(writer.write(event));
  const body = JSON.stringify(writer.body());
  exchange.record.finish(200, body);
  return new Response(body, { headers: { "content-type": "application/json", ...headers } });
}

async function* writtenStream(
  writer: AnswerWriter,
  events: AsyncIterable<GenerationEvent>,
  { record }: Pick<Exchange, "record">,
): AsyncGenerator<string> {
  const leaving = new SkiffError("interrupted", "The client went away");
  let failure: unknown = leaving;
  try {
    yield sse(writer.begin());
    for await (const event of events) yield sse(writer.write(event));
    failure = undefined;
  } catch (error) {
    const text = sse(writer.fail(error));
    failure = error;
    yield text;
  } finally {
    if (failure === leaving) drain(writer.fail(leaving));
    record.finish(200, JSON.stringify(writer.body()), failure);
  }
}

/** Runs through what nobody reads. */
export function drain(events: Iterable<WireEvent>): void {
  for (const _ of events);
}

function sse(events: Iterable<WireEvent>): string {
  let text = "";
  for (const event of events) text += sseEvent(event, event.type);
  return text;
}
