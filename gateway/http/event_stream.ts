/** Answers that are written while they are made. */
import { settlesWithin } from "./settles_within.ts";

const encoder = new TextEncoder();

/**
 * A body of what `chunks` yields. The next chunk is made when the client has taken the last one; when the
 * client goes away the generator is ended and `onCancel` is called.
 */
export function streamBody(
  chunks: AsyncGenerator<string>,
  onCancel?: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else if (value.length > 0) controller.enqueue(encoder.encode(value));
      else await this.pull!(controller);
    },
    async cancel() {
      onCancel?.();
      await chunks.return(undefined).catch(() => {});
    },
  }, { highWaterMark: 0 });
}

/** One server-sent event. */
export function sseEvent(data: unknown, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`;
}

/** An answer of server-sent events. */
export function eventStreamResponse(
  events: AsyncGenerator<string>,
  options: { onCancel?: () => void; headers?: Record<string, string> } = {},
): Response {
  return new Response(streamBody(events, options.onCancel), {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
      ...options.headers,
    },
  });
}

/** The chunks, with a sign of life between them whenever none came for `ms`. Empty ones count as none. */
export async function* keptAlive(
  chunks: AsyncGenerator<string>,
  ms: number,
  sign: () => string,
): AsyncGenerator<string> {
  let silentSince = performance.now();
  const said = (text: string) => {
    silentSince = performance.now();
    return text;
  };
  const left = () => Math.max(0, silentSince + ms - performance.now());
  try {
    while (true) {
      const next = chunks.next();
      while (!await settlesWithin(next, left())) yield said(sign());
      const { done, value } = await next;
      if (done) return;
      if (value !== "") yield said(value);
      else if (left() === 0) yield said(sign());
    }
  } finally {
    await chunks.return(undefined);
  }
}

/** Values handed from callbacks to one reader, in order. */
export class Channel<T> {
  #values: T[] = [];
  #ended = false;
  #wake: () => void = () => {};

  push(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
