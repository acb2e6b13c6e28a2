/** The values of secrets that servers were given: they have no form, but they can be looked for as they are. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { redact } from "./find_secrets.ts";

/** Characters; what is shorter stands in too many texts by chance. */
const shortestValue = 8;

/** A secret's value in one of the forms that it is written in. */
export interface KnownValue {
  name: string;
  text: string;
  /** Where it stands in an answer, that is because of the secret. */
  telling: boolean;
}

/** The values of secrets, as they are and encoded. */
function knownValues({ secrets }: Pick<EnabledServer, "secrets">): KnownValue[] {
  return [...secrets].flatMap(([name, value]) => {
    if (value.length < shortestValue) return [];
    const forms = [value, encodeURIComponent(value), base64(value), JSON.stringify(value).slice(1, -1)];
    const telling = isTelling(value);
    return [...new Set(forms)].map((text) => ({ name, text, telling }));
  });
}

/** No address of a person or a host, and no single word, which stand in answers for other reasons. */
function isTelling(value: string): boolean {
  const isAddress = /^[^@\s]+@[^@\s/]+\.[^@\s/]+$|^https?:\/\/[^\s/@]+\/?$/.test(value);
  const isWord = /^[A-Za-z]{1,15}$/.test(value);
  return !isAddress && !isWord;
}

function base64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value))).replace(/=+$/, "");
}

/** Takes secrets out of lines for people: those with a form, and those that servers were given. */
export class Redaction {
  readonly #values = new Map<string, KnownValue>();
  #telling: KnownValue[] = [];
  #longestFirst: KnownValue[] = [];

  /** What no answer may hold: the telling values of all servers that it has learnt of. */
  get known(): KnownValue[] {
    return this.#telling;
  }

  /** What must not go to a server; without one, to the gateway's own tools. */
  knownToOthers(server?: Pick<EnabledServer, "secrets">): KnownValue[] {
    return this.#telling.filter(({ name }) => !server?.secrets.has(name));
  }

  /** From now on the values of its secrets are left out. */
  learn(server: Pick<EnabledServer, "secrets">): void {
    const before = this.#values.size;
    for (const known of knownValues(server)) this.#values.set(known.text, known);
    if (this.#values.size === before) return;
    this.#longestFirst = [...this.#values.values()].sort((a, b) => b.text.length - a.text.length);
    this.#telling = this.#longestFirst.filter(({ telling }) => telling);
  }

  clean(line: string): string {
    let text = line;
    for (const { name, text: value } of this.#longestFirst) {
      if (text.includes(value)) text = text.replaceAll(value, `[${name}]`);
    }
    return redact(text);
  }

  /** A value with all its texts, at any depth, without secrets; the same value when there are none. */
  cleanValue<T>(value: T): T {
    if (typeof value === "string") return this.clean(value) as T;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.cleanValue(item)) as T;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.cleanValue(inner)]),
    ) as T;
  }
}
