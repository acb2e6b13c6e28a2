/**
 * Responses that clients may come back to: for retrieval, as the beginning of another one, for cancelling.
 * In memory, for an hour, and no more of them than fit.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Item } from "./items.ts";
import type { ResponseWriter } from "./response_writer.ts";

export interface StoredResponse {
  writer: ResponseWriter;
  /** The items of the request itself, with ids. */
  input: Item[];
  /** All items before it: the input and output of the responses that it continues. */
  history: Item[];
  /** Ends the generation while it runs. */
  cancel: () => void;
}

const keptMs = 3_600_000;
const mostBytes = 64 * 1024 * 1024;

interface Entry {
  response: StoredResponse;
  bytes: number;
  expires: number;
}

export class ResponseStore {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** `now` in milliseconds. */
  constructor(readonly now: () => number = Date.now) {}

  add(response: StoredResponse): void {
    const bytes = JSON.stringify(response.input).length;
    const { id } = response.writer.head;
    this.#entries.set(id, { response, bytes, expires: this.now() + keptMs });
    this.#bytes += bytes;
    this.#sweep();
  }

  /** The answer is written: it counts from now on. */
  finished(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const bytes = JSON.stringify(entry.response.writer.state.output).length;
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#sweep();
  }

  find(id: string): StoredResponse | undefined {
    this.#sweep();
    return this.#entries.get(id)?.response;
  }

  /** Throws "not_found". */
  get(id: string): StoredResponse {
    const found = this.find(id);
    if (found) return found;
    throw new SkiffError("not_found", `Response with id '${id}' not found.`, {
      hint: "Responses are kept for an hour, while the server runs, unless 'store' is false.",
    });
  }

  /** The item with that id, of any response. */
  item(id: string): Item | undefined {
    for (const { response } of this.#entries.values()) {
      const found = [...response.input, ...response.writer.state.output].find((item) => item.id === id);
      if (found) return found;
    }
    return undefined;
  }

  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#bytes -= entry.bytes;
  }

  #sweep(): void {
    const now = this.now();
    for (const [id, { expires }] of this.#entries) {
      if (expires > now && this.#bytes <= mostBytes) return;
      if (expires > now && this.#entries.size === 1) return; // the newest is kept, however large
      this.delete(id);
    }
  }
}
