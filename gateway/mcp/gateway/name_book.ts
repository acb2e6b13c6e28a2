/**
 * The public names of tools and prompts. A name once given stays with its owner for the book's life; where two
 * servers have the same name, the later one's becomes `server__name`.
 */
import { createHash } from "node:crypto";

/** Between prefix and name, as Docker's gateway joins them. */
const joint = "__";
/** MCP's own rule is 128 of these and the dot; clients' model APIs take 64 of these. */
const wrongCharacters = /[^A-Za-z0-9_.-]/g;
const longestName = 128;

export interface NameOwner {
  server: string;
  /** Put before every name of the server. */
  prefix?: string;
}

export interface NameBookOptions {
  /** Names that no server gets. */
  reserved?: Iterable<string>;
  /** Refuse a colliding name instead of prefixing it. */
  strict?: boolean;
  /** Told once for every name that was changed or refused. */
  warn(line: string): void;
}

export class NameBook {
  readonly #owners = new Map<string, string>();
  readonly #names = new Map<string, string | undefined>();
  readonly #reserved: Set<string>;
  readonly #options: NameBookOptions;

  constructor(options: NameBookOptions) {
    this.#options = options;
    this.#reserved = new Set(options.reserved);
  }

  /** The public name; undefined when a strict book refuses it. */
  nameOf(owner: NameOwner, name: string): string | undefined {
    const key = `${owner.server}\0${owner.prefix ?? ""}\0${name}`;
    if (this.#names.has(key)) return this.#names.get(key);
    const given = this.#give(owner, name, key);
    this.#names.set(key, given);
    if (given !== undefined) this.#owners.set(given, key);
    return given;
  }

  /** Frees the names of a server that is gone. */
  forget(server: string): void {
    for (const [key, name] of this.#names) {
      if (!key.startsWith(`${server}\0`)) continue;
      this.#names.delete(key);
      if (name !== undefined) this.#owners.delete(name);
    }
  }

  #give({ server, prefix }: NameOwner, name: string, key: string): string | undefined {
    const plain = fitting(prefix ? `${prefix}${joint}${name}` : name);
    if (this.#free(plain)) return plain;
    const holder = this.#owners.get(plain)?.split("\0")[0] ?? "the gateway";
    if (this.#options.strict) {
      this.#options.warn(`"${name}" of ${server} is left out: ${holder} has that name already`);
      return undefined;
    }
    let prefixed = fitting(`${server}${joint}${name}`);
    if (!this.#free(prefixed)) prefixed = fitting(`${server}${joint}${name}${joint}${digest(key)}`);
    this.#options.warn(`"${name}" of ${server} is called "${prefixed}": ${holder} has that name already`);
    return prefixed;
  }

  #free(name: string): boolean {
    return !this.#owners.has(name) && !this.#reserved.has(name);
  }
}

/** The name in the characters and the length that are allowed. */
function fitting(name: string): string {
  const clean = name.replace(wrongCharacters, "_");
  if (clean.length <= longestName) return clean;
  return `${clean.slice(0, longestName - 9)}_${digest(name)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
