/** Streams of server-sent events that break off. */

const encoder = new TextEncoder();
const newline = 10;
const idField = [..."id:"].map((letter) => letter.charCodeAt(0));

/**
 * The response, whose stream of events, when it ends without having had an event with an id (which would let the
 * client resume it), ends with `last` as one more event. Other responses stay as they are.
 */
export function withEndOfStream(response: Response, last: unknown): Response {
  const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  if (!isStream || !response.body) return response;
  const reader = response.body.getReader();
  const ids = idFinder();
  const goodbye = encoder.encode(`\n\nevent: message\ndata: ${JSON.stringify(last)}\n\n`);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          ids.push(value);
          return controller.enqueue(value);
        }
        if (!ids.found) controller.enqueue(goodbye);
        controller.close();
      } catch (error) {
        if (ids.found) return controller.error(error); // the client resumes it
        controller.enqueue(goodbye);
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

/** The response, whose stream ends after `ms`, and again after as much, when something waits then. */
export function endedFromTimeToTime(response: Response, ms: number, isAwaited: () => boolean): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array>({
    start() {
      timer = setInterval(() => {
        if (isAwaited()) reader.cancel().catch(() => {}); // which ends the read below
      }, ms);
      Deno.unrefTimer(timer);
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      clearInterval(timer);
    },
    cancel(reason) {
      clearInterval(timer);
      return reader.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Whether there was a line that begins with "id:", in pieces that end anywhere. */
function idFinder(): { readonly found: boolean; push(bytes: Uint8Array): void } {
  let found = false;
  /** How much of the field the current line has matched; -1: it is another line. */
  let matched = 0;
  return {
    get found() {
      return found;
    },
    push(bytes) {
      for (let at = 0; at < bytes.length && !found;) {
        if (matched < 0) {
          const end = bytes.indexOf(newline, at);
          if (end < 0) return;
          at = end + 1;
          matched = 0;
        } else {
          const byte = bytes[at++];
          matched = byte === idField[matched] ? matched + 1 : byte === newline ? 0 : -1;
          found = matched === idField.length;
        }
      }
    },
  };
}
