/** Generations as the dialects begin them. */
import type { GenerationEvent } from "../../inference/chat/request.ts";
import { settlesWithin } from "./settles_within.ts";

/** "chatcmpl-…", "cmpl-…", "msg_…" */
export function answerId(prefix: string, separator = "-"): string {
  return `${prefix}${separator}${crypto.randomUUID().replaceAll("-", "")}`;
}

/**
 * Waits for the first event, so that what fails before it is answered with a status, and gives the events
 * from the start. After `patienceMs` it waits no longer: a long prompt is being read, and the client wants
 * to see that somebody is there. Throws what the host threw by then.
 */
export async function begun(
  events: AsyncIterable<GenerationEvent>,
  patienceMs = Infinity,
): Promise<AsyncGenerator<GenerationEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  await settlesWithin(first, patienceMs);
  return (async function* () {
    try {
      let next = await first;
      while (!next.done) {
        yield next.value;
        next = await iterator.next();
      }
    } finally {
      await iterator.return?.();
    }
  })();
}
