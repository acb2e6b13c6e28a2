/** Keeps the last requests of each model with their answers, for GET /engines/requests. In memory only. */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { StoredModel } from "../../../inference/store/model.ts";

const keptPerModel = 10;
/** Longer bodies are cut: the record is for reading. */
const longestBody = 256 * 1024;

/** One request as the API shows it (names are the wire's). */
export interface RecordedRequest {
  id: string;
  model: string;
  method: string;
  url: string;
  request: string;
  response: string;
  error?: string;
  /** Unix seconds. */
  timestamp: number;
  status_code: number;
  user_agent: string;
  origin: string;
}

/** A request in progress. */
export interface RequestRecord {
  /** Only the first call counts. `response` is the body; of a stream, the body it stands for. */
  finish(status: number, response: string, error?: unknown): void;
}

export interface ModelRequests {
  count: number;
  model: string;
  /** Settings of the model; filled in by the route. */
  config: Record<string, unknown>;
  records: RecordedRequest[];
}

type Listener = (requests: ModelRequests) => void;

export class RequestRecorder {
  #records = new Map<string, RecordedRequest[]>();
  #listeners = new Set<Listener>();

  begin(model: StoredModel, request: Request, body: string): RequestRecord {
    const name = model.tags[0] ?? model.id;
    const now = Date.now();
    const entry: RecordedRequest = {
      id: `${model.id}_${now * 1e6 + Math.floor(Math.random() * 1e6)}`,
      model: name,
      method: request.method,
      url: new URL(request.url).pathname,
      request: shortened(body),
      response: "",
      timestamp: Math.floor(now / 1000),
      status_code: 0,
      user_agent: request.headers.get("user-agent") ?? "",
      origin: request.headers.get("origin") ?? "",
    };
    const kept = this.#records.get(name) ?? [];
    kept.push(entry);
    if (kept.length > keptPerModel) kept.shift();
    this.#records.set(name, kept);
    return {
      finish: (status, response, error) => {
        if (entry.status_code !== 0) return;
        entry.status_code = status;
        entry.response = shortened(response);
        if (error !== undefined) entry.error = JSON.stringify({ error: toSkiffError(error).message });
        for (const listener of this.#listeners) listener(this.#group(name, [entry]));
      },
    };
  }

  /** Finished requests, by model, oldest first; of one model when `name` is given. */
  list(name?: string): ModelRequests[] {
    return [...this.#records.keys()].filter((key) => name === undefined || key === name).map((key) =>
      this.#group(key, this.#records.get(key)!.filter((record) => record.status_code !== 0))
    ).filter((group) => group.count > 0);
  }

  /** Calls `listener` with each request that finishes from now on; the result ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #group(model: string, records: RecordedRequest[]): ModelRequests {
    return { count: records.length, model, config: {}, records };
  }
}

/** Media are cut to their first 100 characters, and the whole to `longestBody`. */
function shortened(body: string): string {
  const lean = body.replace(
    /("(?:data:[\w.+-]+\/[\w.+-]+;base64,)?[A-Za-z0-9+/]{100})[A-Za-z0-9+/=]{200,}"/g,
    '$1…"',
  );
  return lean.length > longestBody ? `${lean.slice(0, longestBody)}…` : lean;
}
