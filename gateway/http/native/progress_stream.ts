/** Answers that report progress: one JSON object a line, the last one tells how it ended. */
import { toErrorRecord, toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { ProgressMessage } from "../../../inference/store/model.ts";
import { nativeErrorResponse } from "../errors.ts";
import { Channel, streamBody } from "../event_stream.ts";

type Work = (report: (message: ProgressMessage) => void, signal: AbortSignal) => Promise<string>;

/** The last message of a stream. An error line also carries the whole error for skiff's own client. */
function lastMessage(
  mode: ProgressMessage["mode"],
  type: "success" | "error",
  message: string,
): ProgressMessage {
  return { type, message, total: 0, layer: { size: 0, current: 0 }, mode };
}

/**
 * Runs `work` and streams what it reports; its result is the success message. What fails before the first
 * report is answered with a status, what fails later with an error line. The client's leaving aborts it.
 */
export async function progressResponse(
  request: Request,
  mode: ProgressMessage["mode"],
  work: Work,
): Promise<Response> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([request.signal, leaving.signal]);
  const messages = new Channel<ProgressMessage>();
  let failure: unknown;
  const finished = work((message) => messages.push(message), signal)
    .then((message) => messages.push(lastMessage(mode, "success", message)))
    .catch((error) => failure = error)
    .finally(() => messages.end());

  const reader = messages[Symbol.asyncIterator]();
  const first = await reader.next();
  await (first.done ? finished : undefined);
  if (first.done) return nativeErrorResponse(failure);

  const json = (request.headers.get("accept") ?? "").includes("application/json");
  const write = (message: object) =>
    json ? `${JSON.stringify(message)}\n` : `${htmlEscaped(JSON.stringify(message))}\n`;
  async function* lines(): AsyncGenerator<string> {
    yield write(first.value!);
    for await (const message of reader) yield write(message);
    if (failure === undefined) return;
    const error = toSkiffError(failure);
    yield write({ ...lastMessage(mode, "error", `Error: ${error.message}`), error: toErrorRecord(error) });
  }
  return new Response(
    streamBody(lines(), () => leaving.abort(new DOMException("Client left", "AbortError"))),
    {
      headers: { "content-type": json ? "application/json" : "text/plain; charset=utf-8" },
    },
  );
}

/** As Docker's text form has it: safe when a browser takes it for HTML. */
function htmlEscaped(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
