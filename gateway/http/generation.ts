/** Generations as the dialects begin them. */
import type { GenerationEvent } from "../../inference/chat/request.ts";

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
  await within(first, patienceMs);
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

/** True when the promise was settled in time. Throws what it was rejected with by then. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  promise.catch(() => {}); // it may fail when nobody waits any more
  if (ms === Infinity) return await promise.then(() => true);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), ms));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
