/** Spans and numbers of what the gateway does, by the names that Docker's gateway has for them. */
import { Exporter } from "./exporter.ts";
import { type Attributes, bucketBounds, type Series } from "./otlp.ts";
import { telemetrySettings } from "./settings.ts";
import { childContext, formatTraceparent, parseTraceparent } from "./trace_context.ts";

type Meta = Record<string, unknown>;

/** Something that is measured. */
export interface Operation {
  /** Of the span. */
  name: string;
  attributes: Attributes;
  /** `_meta` of the request that it is done for; its `traceparent` is the span's parent. */
  meta?: Meta;
  /** Counted each time it is done. */
  counter?: string;
  /** Counted each time it fails. */
  errors?: string;
  /** How long it took, in ms. */
  duration?: string;
}

export interface OpenSpan {
  /** The `_meta` for what is asked further, with this span as the parent. */
  meta: Meta;
  set(attributes: Attributes): void;
  /** It failed without throwing. */
  fail(message?: string): void;
}

export class Telemetry {
  readonly #exporter: Exporter;
  readonly #series = new Map<string, Series>();
  readonly #clean: (text: string) => string;

  /** `clean` takes out of texts what must not be sent. */
  constructor(settings: ConstructorParameters<typeof Exporter>[0], clean: (text: string) => string) {
    this.#exporter = new Exporter(settings, () => [...this.#series.values()]);
    this.#clean = clean;
  }

  async measure<T>(operation: Operation, work: (span: OpenSpan) => Promise<T>): Promise<T> {
    const { name, meta = {}, counter, errors, duration } = operation;
    const attributes = { ...operation.attributes };
    const parent = parseTraceparent(meta.traceparent);
    const context = childContext(parent);
    const start = performance.now();
    let error: string | undefined;
    if (counter) this.count(counter, operation.attributes);
    try {
      return await work({
        meta: { ...meta, traceparent: formatTraceparent(context) },
        set: (more) => void Object.assign(attributes, more),
        fail: (message = "") => error = message,
      });
    } catch (cause) {
      error = (cause as Error).message;
      throw cause;
    } finally {
      const end = performance.now();
      if (duration) this.#record(duration, operation.attributes, end - start);
      if (error !== undefined && errors) this.count(errors, operation.attributes);
      if (context.sampled) {
        this.#exporter.add({
          traceId: context.traceId,
          spanId: context.spanId,
          parentSpanId: parent?.spanId,
          name,
          kind: "server",
          start: performance.timeOrigin + start,
          end: performance.timeOrigin + end,
          attributes,
          error: error === undefined ? undefined : this.#clean(error),
        });
      }
    }
  }

  count(name: string, attributes: Attributes): void {
    this.#find({ name, attributes, sum: 0 }).sum++;
  }

  /** Sends what is left, not waiting long. */
  async close(): Promise<void> {
    await this.#exporter.close();
  }

  #record(name: string, attributes: Attributes, ms: number): void {
    const counts = new Array<number>(bucketBounds.length + 1).fill(0);
    const series = this.#find({ name, unit: "ms", attributes, sum: 0, counts });
    const bucket = bucketBounds.findIndex((bound) => ms <= bound);
    series.counts![bucket < 0 ? bucketBounds.length : bucket]++;
    series.sum += ms;
  }

  #find(fresh: Series): Series {
    const key = `${fresh.name} ${JSON.stringify(fresh.attributes)}`;
    const found = this.#series.get(key);
    if (found) return found;
    if (this.#series.size < mostSeries) this.#series.set(key, fresh);
    return fresh;
  }
}

/** Series that are kept; names of tools and clients make new ones. */
const mostSeries = 5000;

/** Undefined when no collector is named in the environment. */
export function openTelemetry(
  env: { get(name: string): string | undefined },
  { clean, log }: { clean(text: string): string; log(line: string): void },
): Telemetry | undefined {
  const settings = telemetrySettings(env, log);
  return settings && new Telemetry(settings, clean);
}
