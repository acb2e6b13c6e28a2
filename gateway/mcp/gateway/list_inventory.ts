/** Asks a server for all that it offers, whatever it does to prevent that. */
import { type Client, ErrorCode, McpError } from "../sdk.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { noTimeout, passThrough } from "../servers/connect_client.ts";
import type { Inventory } from "./inventory.ts";

/** Of one kind; a server whose pages never end is cut off there. */
const mostItems = 20_000;
const mostPages = 1000;

export type ListKind = "tools" | "prompts" | "resources" | "templates";

interface ListOf {
  method: string;
  /** Where the items are in the result. */
  field: string;
  capability: "tools" | "prompts" | "resources";
  /** What tells items apart. */
  identity: string;
}

const lists: Record<ListKind, ListOf> = {
  tools: { method: "tools/list", field: "tools", capability: "tools", identity: "name" },
  prompts: { method: "prompts/list", field: "prompts", capability: "prompts", identity: "name" },
  resources: { method: "resources/list", field: "resources", capability: "resources", identity: "uri" },
  templates: {
    method: "resources/templates/list",
    field: "resourceTemplates",
    capability: "resources",
    identity: "uriTemplate",
  },
};

export interface ListOptions {
  signal: AbortSignal;
  log(line: string): void;
}

/** All four lists at once. A list that fails is empty, and told; throws `LoginRequired` and what `signal` aborts with. */
export async function listInventory(client: Client, options: ListOptions): Promise<Inventory> {
  const [tools, prompts, resources, templates] = await Promise.all(
    (Object.keys(lists) as ListKind[]).map((kind) => listItems(client, kind, options)),
  );
  return {
    server: client.getServerVersion(),
    capabilities: client.getServerCapabilities() ?? {},
    instructions: client.getInstructions(),
    tools,
    prompts,
    resources,
    templates,
  } as Inventory;
}

/** One list, page by page. Items without an identity, and repeated ones, are left out. */
export async function listItems(
  client: Client,
  kind: ListKind,
  { signal, log }: ListOptions,
): Promise<Record<string, unknown>[]> {
  const { method, field, capability, identity } = lists[kind];
  if (!client.getServerCapabilities()?.[capability]) return [];
  const items = new Map<string, Record<string, unknown>>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  try {
    do {
      const params = cursor === undefined ? {} : { cursor };
      const result = await client.request({ method, params }, passThrough, { signal, timeout: noTimeout });
      for (const item of Array.isArray(result?.[field]) ? result[field] : []) {
        const name = item?.[identity];
        if (typeof name === "string" && name !== "" && !items.has(name)) items.set(name, item);
      }
      cursor = typeof result?.nextCursor === "string" ? result.nextCursor : undefined;
      if (
        cursor !== undefined && (cursors.has(cursor) || cursors.size >= mostPages || items.size >= mostItems)
      ) {
        log(`its ${method} does not end; taken are the first ${items.size}`);
        break;
      }
      if (cursor !== undefined) cursors.add(cursor);
    } while (cursor !== undefined);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof LoginRequired) throw error; // all of it may be there after a login
    const absent = error instanceof McpError && error.code === ErrorCode.MethodNotFound;
    if (!absent) log(`${method} failed: ${(error as Error).message}`);
    if (error instanceof McpError && error.code === ErrorCode.ConnectionClosed) throw error;
  }
  return [...items.values()];
}
