/** Streams of lines: progress as JSON lines, chat chunks as server-sent events. */
import { brokenOff } from "./transport.ts";

/** The lines of a body, without their ends. Throws "unavailable" when it breaks off. */
export async function* lines(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (!body) return;
  const decoder = new TextDecoder();
  let rest = "";
  const chunks = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await chunks.next().catch((error) => {
        throw error instanceof DOMException && error.name === "AbortError" ? error : brokenOff(error);
      });
      if (next.done) break;
      rest += decoder.decode(next.value, { stream: true });
      const complete = rest.split("\n");
      rest = complete.pop()!;
      for (const line of complete) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
    if (rest !== "") yield rest;
  } finally {
    await chunks.return?.().catch(() => {});
  }
}

export interface ServerSentEvent {
  event?: string;
  data: string;
}

/** The events of a text/event-stream body. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<ServerSentEvent> {
  let event: string | undefined;
  let data: string[] = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (data.length > 0) yield { event, data: data.join("\n") };
      event = undefined;
      data = [];
    } else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    else if (line.startsWith("event:")) event = line.slice(6).trim();
  }
}
