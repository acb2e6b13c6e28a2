/** What all servers offer, asked of each anew: `--dry-run`. */
import { Client, InMemoryTransport } from "../sdk.ts";
import { noValidation } from "../servers/connect_client.ts";
import type { ServerStarter } from "../servers/open_server.ts";
import type { Gateway } from "./gateway.ts";

export interface AllListed {
  listed: { name: string; tools: number; prompts: number; resources: number; templates: number }[];
  failed: { name: string; error: string }[];
}

/** Pulls, verifies, starts and lists every server, whatever was known of it. Throws the signal's reason. */
export async function listAll(
  gateway: Gateway,
  starter: ServerStarter,
  signal: AbortSignal,
): Promise<AllListed> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const session = await gateway.openSession(theirs);
  const client = new Client({ name: "dry-run", version: "1" }, { jsonSchemaValidator: noValidation });
  await client.connect(ours);
  const result: AllListed = { listed: [], failed: [] };
  await Promise.all(gateway.servers.map(async (server) => {
    const { name } = server.entry;
    try {
      await starter.ready(server, signal);
      await gateway.store.drop(session.inventories.key(server));
      const { tools, prompts, resources, templates } = await session.addServer(server, { signal });
      const on = tools.filter((tool) => gateway.options.isOn(server, tool.name));
      result.listed.push({
        name,
        tools: on.length,
        prompts: prompts.length,
        resources: resources.length,
        templates: templates.length,
      });
    } catch (error) {
      signal.throwIfAborted();
      result.failed.push({ name, error: (error as Error).message });
    }
  }));
  for (const found of [result.listed, result.failed]) found.sort((a, b) => a.name < b.name ? -1 : 1);
  return result;
}
