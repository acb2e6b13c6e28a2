/** What happens on the Engine, as it happens. */
import type { Docker } from "./docker.ts";
import { jsonMessages } from "./json_messages.ts";
import { podmanEvent, podmanFilters } from "./podman_events.ts";
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
  if (docker.isPodman) {
    // Its answer begins with the first event, so what happens until then is asked for by time.
    query.since ??= seconds(Date.now() / 1000);
    query.filters = podmanFilters(filters);
  }
  const asked = docker.request("GET", "/events", { query, signal, long: true });
  if (docker.isPodman) onOpen?.();
  const response = await asked;
  if (!docker.isPodman) onOpen?.();
  try {
    for await (const message of jsonMessages<EngineEvent>(response.body!)) {
      const event = docker.isPodman ? podmanEvent(message, filters) : message;
      if (event) yield event;
    }
  } catch (error) {
    throw docker.streamError(error, signal);
  }
}

/** Nanoseconds matter: the Engine repeats what happened within the same second. */
function seconds(time: number | Date | undefined): string | undefined {
  if (time === undefined) return undefined;
  return (time instanceof Date ? time.getTime() / 1000 : time).toFixed(9);
}
