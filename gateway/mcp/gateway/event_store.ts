/** What was sent on the streams of a session, so that a client whose connection broke can hear the rest. */
import type { EventStore, JSONRPCMessage } from "../sdk.ts";

/** Kept of one session: the newest. */
const mostEvents = 1000;
const mostBytes = 8 * 1024 * 1024;

interface StoredEvent {
  id: string;
  stream: string;
  message: JSONRPCMessage;
  bytes: number;
}

export class SessionEvents implements EventStore {
  readonly #events: StoredEvent[] = [];
  #bytes = 0;
  #count = 0;

  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${stream}_${this.#count++}`;
    const bytes = sizeOf(message);
    this.#events.push({ id, stream, message, bytes });
    this.#bytes += bytes;
    while (this.#events.length > mostEvents || (this.#bytes > mostBytes && this.#events.length > 1)) {
      this.#bytes -= this.#events.shift()!.bytes;
    }
    return Promise.resolve(id);
  }

  getStreamIdForEventId(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#events.find((event) => event.id === id)?.stream);
  }

  async replayEventsAfter(
    id: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const at = this.#events.findIndex((event) => event.id === id);
    const stream = at < 0 ? id.slice(0, id.lastIndexOf("_")) : this.#events[at].stream;
    for (const event of this.#events.slice(at + 1)) {
      if (event.stream === stream && Object.keys(event.message).length > 0) {
        await send(event.id, event.message);
      }
    }
    return stream;
  }
}

/** Roughly: strings make the size of what is large. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce<number>((sum, one) => sum + sizeOf(one), 16);
}
