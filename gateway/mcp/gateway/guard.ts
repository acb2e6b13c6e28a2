/** What stands between clients and servers beside tool calls, which have their middlewares. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { Prompt, Tool } from "../sdk.ts";
import type { Inventory } from "./inventory.ts";

export interface Message {
  method: string;
  params?: Record<string, unknown>;
}

/** In `_meta` of items that are listed although they are refused: why they are. */
export const refusedMark = "skiff/refused";

/** An item of a list, as its server gives it. */
export type ListedItem = { tool: Tool; prompt?: undefined } | { prompt: Prompt; tool?: undefined };

/** Any part may be absent. What throws an `McpError` refuses; the other side is told that. */
export interface Guard {
  /** A client's request before its server gets it. */
  request?(server: EnabledServer, request: Message): Promise<void> | void;
  /** The answer before the client gets it. */
  answer?(server: EnabledServer, request: Message, answer: unknown): Promise<void>;
  /** The failure of a request, of tool calls too, as the client is to hear of it. */
  error?(server: EnabledServer, error: unknown): unknown;
  /** Progress and other notifications of a server, as the client is to hear them. */
  notification?<T>(server: EnabledServer, notification: T): T;
  /** A request of a server to its client: sampling, elicitation, roots. */
  upcall?(server: EnabledServer, request: Message): Promise<void>;
  /** What a server said that it offers, as it is kept and shown. */
  inventory?(server: EnabledServer, inventory: Inventory): Inventory;
  /** What a server said that it offers; gives what people and clients should be told of that, a text each. */
  listed?(server: EnabledServer, inventory: Inventory): string[];
  /** Why an item is in no list of the client; undefined: it is. */
  refusal?(server: EnabledServer, item: ListedItem): string | undefined;
  /** Differs when refusals may differ. */
  version?(): number;
  /** Resolves when all that is to be kept of it is written. */
  written?(): Promise<void>;
}

/** All guards as one; the first is asked first. */
export function allGuards(guards: Guard[]): Required<Guard> {
  return {
    async request(server, request) {
      for (const guard of guards) await guard.request?.(server, request);
    },
    async answer(server, request, answer) {
      for (const guard of guards) await guard.answer?.(server, request, answer);
    },
    error: (server, error) =>
      guards.reduce((told, guard) => guard.error ? guard.error(server, told) : told, error),
    notification: (server, notification) =>
      guards.reduce(
        (told, guard) => guard.notification ? guard.notification(server, told) : told,
        notification,
      ),
    async upcall(server, request) {
      for (const guard of guards) await guard.upcall?.(server, request);
    },
    inventory: (server, inventory) =>
      guards.reduce((seen, guard) => guard.inventory?.(server, seen) ?? seen, inventory),
    listed: (server, inventory) => guards.flatMap((guard) => guard.listed?.(server, inventory) ?? []),
    refusal(server, item) {
      for (const guard of guards) {
        const reason = guard.refusal?.(server, item);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    async written() {
      await Promise.all(guards.map((guard) => guard.written?.()));
    },
    version: () => guards.reduce((sum, guard) => sum + (guard.version?.() ?? 0), 0),
  };
}
