/** The values of secrets that servers were given: they have no form, but they can be looked for as they are. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { encodedForms } from "./encoded_forms.ts";
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
    const telling = isTelling(value);
    return encodedForms(value).map((text) => ({ name, text, telling }));
  });
}

/** No address of a person or a host, and no single word, which stand in answers for other reasons. */
function isTelling(value: string): boolean {
  const isAddress = /^[^@\s]+@[^@\s/]+\.[^@\s/]+$|^https?:\/\/[^\s/@]+\/?$/.test(value);
  const isWord = /^[A-Za-z]{1,15}$/.test(value);
  return !isAddress && !isWord;
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
    return without(line, this.#longestFirst);
  }

  /** A value with all its texts, at any depth, without secrets. */
  cleanValue<T>(value: T): T {
    return mapTexts(value, (text) => this.clean(text));
  }

  /** As `cleanValue`, of what models and clients read: words that stand there for other reasons stay. */
  cleanAnswer<T>(value: T): T {
    return mapTexts(value, (text) => without(text, this.#telling));
  }
}

function without(line: string, known: KnownValue[]): string {
  let text = line;
  for (const { name, text: value } of known) {
    if (text.includes(value)) text = text.replaceAll(value, `[${name}]`);
  }
  return redact(text);
}

function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change)) as T;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mapTexts(inner, change)]),
  ) as T;
}
