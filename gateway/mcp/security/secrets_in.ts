/** Secrets in whole values (arguments, results, resources of any size), without keeping others from their turn. */
import { Buffer } from "node:buffer";
import { firstSecret, longestContext } from "./find_secrets.ts";
import type { KnownValue } from "./known_secrets.ts";

/** Characters that are searched at once; a multiple of 4, for base64. */
const pieceLength = 256 * 1024;
/** A longer value is not read together with its name: such a text is no key. */
const longestNamed = 1000;

/**
 * What secret is in any text of a value, keys included: the rule's name, or "the value of NAME". Undefined:
 * none. Texts of any length are searched piece by piece; other work goes on between.
 */
export async function secretIn(value: unknown, known: KnownValue[] = []): Promise<string | undefined> {
  const short = new ShortSearch(known);
  if (short.search(value)) return short.found;
  return await secretInLong(value, known);
}

/** Values with little text, as nearly all are, searched at once. */
class ShortSearch {
  found?: string;
  readonly #known: KnownValue[];
  #searched = 0;

  constructor(known: KnownValue[]) {
    this.#known = known;
  }

  /** False: it is too much for this. */
  search(value: unknown): boolean {
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object" || value === null) return true;
    if (Array.isArray(value)) return value.every((item) => this.search(item));
    for (const name in value) {
      if (!Object.hasOwn(value, name)) continue;
      const inner = (value as Record<string, unknown>)[name];
      if (typeof inner === "string") {
        if (name === "blob") return false;
        if (!this.#text(namedText(name, inner))) return false;
      } else if (!this.#text(name) || !this.search(inner)) return false;
    }
    return true;
  }

  #text(text: string): boolean {
    if (this.found !== undefined) return true;
    this.#searched += text.length;
    if (this.#searched > pieceLength) return false;
    this.found = firstSecret(text) ?? knownIn(text, this.#known);
    return true;
  }
}

async function secretInLong(value: unknown, known: KnownValue[]): Promise<string | undefined> {
  const overlap = Math.max(longestContext, ...known.map(({ text }) => text.length));
  let searched = 0;
  for (const text of textsOf(value)) {
    for (const piece of pieces(text, overlap)) {
      const found = firstSecret(piece) ?? knownIn(piece, known);
      if (found !== undefined) return found;
      searched += piece.length;
      if (searched >= pieceLength) {
        searched = 0;
        await nextTurn();
      }
    }
  }
  return undefined;
}

/** A name and its value belong together: {"aws_secret_access_key": "…"}. */
function namedText(name: string, value: string): string {
  return value.length <= longestNamed ? `${name}="${value}"` : value;
}

function knownIn(text: string, known: KnownValue[]): string | undefined {
  if (known.length === 0) return undefined;
  const found = known.find(({ text: value }) => text.includes(value));
  return found && `the value of ${found.name}`;
}

/** Resumes when what waited meanwhile has had its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A text of a value; `base64`: what is searched is what it stands for. */
type ValueText = string | { base64: string };

function* textsOf(value: unknown): Generator<ValueText> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) { for (const item of value) yield* textsOf(item); }
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== "string") {
        yield name;
        yield* textsOf(inner);
      } // Contents of resources; images and sound of results are left out by whoever asks.
      else if (name === "blob") yield { base64: inner };
      else yield namedText(name, inner);
    }
  }
}

/** In order, each begins with the end of the one before. */
function* pieces(text: ValueText, overlap: number): Generator<string> {
  if (typeof text !== "string") return yield* decodedPieces(text.base64, overlap);
  if (text.length <= pieceLength) return yield text;
  for (let at = 0; at < text.length; at += pieceLength) {
    yield text.slice(Math.max(0, at - overlap), at + pieceLength);
  }
}

/** The bytes as Latin-1: whatever else they are, secrets are ASCII. */
function* decodedPieces(base64: string, overlap: number): Generator<string> {
  const unbroken = /\s/.test(base64.slice(0, 100)) ? base64.replace(/\s+/g, "") : base64;
  let before = "";
  for (let at = 0; at < unbroken.length; at += pieceLength) {
    const piece = Buffer.from(unbroken.slice(at, at + pieceLength), "base64").toString("latin1");
    yield before + piece;
    before = piece.slice(-overlap);
  }
}
