/** Nearness of texts by an embedding model. Vectors are kept on disk, so that a catalog is embedded once. */
import { createHash } from "node:crypto";

/** An embedding model at hand. */
export interface Embedder {
  /** Vectors of different models are not compared. */
  model: string;
  /** One vector a text, in their order. */
  embed(texts: string[]): Promise<number[][]>;
}

export interface Meaning {
  /** Cosines between the query and each text. Calls take turns, so that a text is embedded once. */
  nearness(query: string, texts: string[]): Promise<number[]>;
  /** Somebody has waited in vain; the texts are still being embedded. */
  behind?: boolean;
}

/** Texts of one request; what came is kept, so that a search that did not wait left something for the next. */
const batch = 8;

/** `folder` holds the vectors; absent: they are kept in memory only. */
export function meaningOf({ model, embed }: Embedder, folder?: string): Meaning {
  const path = folder && `${folder}/vectors-${digest(model).slice(0, 16)}.json`;
  const known = readVectors(path);
  let turn: Promise<unknown> = Promise.resolve();
  const embedMissing = async (texts: string[]) => {
    const vectors = await known;
    const missing = [...new Set(texts)].filter((text) => !vectors.has(digest(text)));
    for (let i = 0; i < missing.length; i += batch) {
      const part = missing.slice(i, i + batch);
      const made = await embed(part);
      part.forEach((text, j) => vectors.set(digest(text), unit(made[j])));
      if (path) await writeVectors(path, vectors);
    }
    return vectors;
  };
  return {
    async nearness(query, texts) {
      const mine = turn.then(() => embedMissing(texts));
      turn = mine.catch(() => {});
      const vectors = await mine;
      const [asked] = await embed([query]);
      const direction = unit(asked);
      return texts.map((text) => product(direction, vectors.get(digest(text))!));
    },
  };
}

function unit(vector: number[]): Float32Array<ArrayBuffer> {
  const length = Math.hypot(...vector) || 1;
  return Float32Array.from(vector, (value) => value / length);
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < Math.min(a.length, b.length); i++) sum += a[i] * b[i];
  return sum;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

type Vectors = Map<string, Float32Array<ArrayBuffer>>;

/** Empty when there is no file, or not a whole one. */
async function readVectors(path: string | undefined): Promise<Vectors> {
  try {
    const value: Record<string, string> = JSON.parse(path ? await Deno.readTextFile(path) : "{}");
    return new Map(
      Object.entries(value).map(([key, text]) => [key, new Float32Array(Uint8Array.fromBase64(text).buffer)]),
    );
  } catch {
    return new Map();
  }
}

async function writeVectors(path: string, vectors: Vectors): Promise<void> {
  const value = Object.fromEntries(
    [...vectors].map(([key, vector]) => [key, new Uint8Array(vector.buffer).toBase64()]),
  );
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  const part = `${path}.${crypto.randomUUID()}.part`;
  await Deno.writeTextFile(part, JSON.stringify(value), { mode: 0o600 });
  await Deno.rename(part, path);
}
