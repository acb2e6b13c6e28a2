/** What a gateway tells, a line each, and clients of its sessions. */
import type { Gateway } from "../../../gateway/mcp/gateway/gateway.ts";
import { Client, type ClientCapabilities, InMemoryTransport } from "../../../gateway/mcp/sdk.ts";

export interface ToldLines {
  lines: string[];
  log(line: string): void;
  /** Resolves with the first line that matches, told already or later. */
  line(pattern: RegExp): Promise<string>;
}

export function toldLines(): ToldLines {
  const lines: string[] = [];
  const waiting = new Set<{ pattern: RegExp; found(line: string): void }>();
  return {
    lines,
    log(line) {
      lines.push(line);
      for (const one of waiting) if (one.pattern.test(line)) one.found(line);
    },
    line(pattern) {
      const told = lines.find((line) => pattern.test(line));
      if (told !== undefined) return Promise.resolve(told);
      const { promise, resolve } = Promise.withResolvers<string>();
      const one = { pattern, found: resolve };
      waiting.add(one);
      return promise.finally(() => waiting.delete(one));
    },
  };
}

export interface ConnectOptions {
  capabilities?: ClientCapabilities;
  prepare?(client: Client): void;
}

/** A client of its own session. */
export async function connectTo(
  gateway: Gateway,
  { capabilities = {}, prepare }: ConnectOptions = {},
): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await gateway.openSession(theirs);
  const client = new Client({ name: "test", version: "1" }, { capabilities });
  prepare?.(client);
  await client.connect(ours);
  return client;
}
