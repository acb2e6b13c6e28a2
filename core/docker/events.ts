/** What happens on the Engine, as it happens. */
import type { Docker } from "./docker.ts";
import { jsonMessages } from "./json_messages.ts";
import type { EngineEvent, Filters } from "./types/system.ts";

export interface EventsOptions {
  /** Seconds since 1970 (fractions allowed), or a date: what happened from then on comes first. */
  since?: number | Date;
  /** Ends the stream; without it, it goes on. */
  until?: number | Date;
  filters?: Filters;
  signal?: AbortSignal;
  /** Called when the Engine has begun to watch: whatever happens later is not missed. */
  onOpen?: () => void;
}

/** Ends with `until`; throws "network" when the Engine goes away and "interrupted" with the signal. */
export async function* events(
  docker: Docker,
  { since, until, filters, signal, onOpen }: EventsOptions = {},
): AsyncGenerator<EngineEvent> {
  const query = { since: seconds(since), until: seconds(until), filters };
  const response = await docker.request("GET", "/events", { query, signal, long: true });
  onOpen?.();
  try {
    yield* jsonMessages<EngineEvent>(response.body!);
  } catch (error) {
    throw docker.streamError(error, signal);
  }
}

/** Nanoseconds matter: the Engine repeats what happened within the same second. */
function seconds(time: number | Date | undefined): string | undefined {
  if (time === undefined) return undefined;
  return (time instanceof Date ? time.getTime() / 1000 : time).toFixed(9);
}
