/**
 * What servers offer, as far as it is known: in memory, and on disk so that the next gateway can list without
 * starting anything. A list is asked for once, however many sessions want it.
 */
import { createHash } from "node:crypto";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { loginOfServer } from "../oauth/oauth_app.ts";
import type { ClientCapabilities } from "../sdk.ts";
import type { Inventory } from "./inventory.ts";

/** One stands for all clients that a server would offer the same to. */
export type InventoryKey = string;

/** One who asks a server what it offers. */
export interface Asking {
  ask(): Promise<Inventory>;
  /** That it failed says nothing of the server: it was the asking that ended. The next one asks for itself. */
  isGivenUp(): boolean;
}

export class InventoryStore {
  readonly #folder?: string;
  readonly #known = new Map<InventoryKey, Inventory>();
  readonly #read = new Map<InventoryKey, Promise<Inventory | undefined>>();
  readonly #pending = new Map<InventoryKey, { answer: Promise<Inventory> } & Pick<Asking, "isGivenUp">>();
  /** Grows with everything that becomes known. */
  version = 0;
  #writing: Promise<unknown> = Promise.resolve();

  /** Without a folder nothing is kept on disk. */
  constructor(folder?: string) {
    this.#folder = folder;
  }

  /** What is in memory. */
  known(key: InventoryKey): Inventory | undefined {
    return this.#known.get(key);
  }

  /** What is in memory or on disk. */
  async find(key: InventoryKey): Promise<Inventory | undefined> {
    const known = this.#known.get(key);
    if (known || !this.#folder) return known;
    if (!this.#read.has(key)) this.#read.set(key, readInventory(`${this.#folder}/${key}.json`));
    const stored = await this.#read.get(key);
    if (stored && !this.#known.has(key)) {
      this.#known.set(key, stored);
      this.version++;
    }
    return this.#known.get(key);
  }

  /** The answer of whoever is asking already, or of this one. A failure is not kept. */
  async learn(key: InventoryKey, asking: Asking): Promise<Inventory> {
    for (let pending = this.#pending.get(key); pending; pending = this.#pending.get(key)) {
      try {
        return await pending.answer;
      } catch (error) {
        if (!pending.isGivenUp()) throw error;
      }
    }
    const answer = asking.ask().finally(() => this.#pending.delete(key));
    this.#pending.set(key, { answer, isGivenUp: asking.isGivenUp });
    return await answer;
  }

  /** True when it differs from what was known. */
  keep(key: InventoryKey, inventory: Inventory): boolean {
    const before = this.#known.get(key);
    if (before && JSON.stringify(before) === JSON.stringify(inventory)) return false;
    this.#known.set(key, inventory);
    this.version++;
    const folder = this.#folder;
    if (folder) {
      this.#writing = this.#writing.then(() => writeInventory(folder, key, inventory)).catch(() => {});
    }
    return true;
  }

  /** Forgets it, on disk too. */
  async drop(key: InventoryKey): Promise<void> {
    this.#known.delete(key);
    this.version++;
    this.#read.delete(key);
    await this.#writing;
    if (this.#folder) await Deno.remove(`${this.#folder}/${key}.json`).catch(() => {});
  }

  /** Resolves when all that was kept is on disk. */
  async written(): Promise<void> {
    await this.#writing;
  }
}

/** Values of secrets are no part of it: it is a file's name. Another login may see other tools. */
export function inventoryKey(server: EnabledServer, capabilities: ClientCapabilities): InventoryKey {
  const { entry, config } = server;
  const { sampling, elicitation, roots } = capabilities;
  const client = [sampling !== undefined, elicitation ?? null, roots !== undefined];
  return createHash("sha256").update(JSON.stringify([entry, config, client, loginOfServer(server)])).digest(
    "hex",
  ).slice(0, 40);
}

async function readInventory(path: string): Promise<Inventory | undefined> {
  try {
    const value = JSON.parse(await Deno.readTextFile(path));
    const lists = [value.tools, value.prompts, value.resources, value.templates];
    return lists.every(Array.isArray) ? value : undefined;
  } catch {
    return undefined; // absent, or not whole: it is learnt anew
  }
}

async function writeInventory(folder: string, key: InventoryKey, inventory: Inventory): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const part = `${folder}/${key}.${crypto.randomUUID()}.part`;
  await Deno.writeTextFile(part, JSON.stringify(inventory), { mode: 0o600 });
  await Deno.rename(part, `${folder}/${key}.json`);
}
