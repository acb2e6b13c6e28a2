/** Spans and numbers in OTLP's JSON form (opentelemetry-proto, `trace.proto` and `metrics.proto`). */

export type Attributes = Record<string, string | number | boolean>;

export interface FinishedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: "internal" | "server";
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
  attributes: Attributes;
  /** Present: it failed, and why. */
  error?: string;
}

/** One series: a number that only grows, or how values are spread. */
export type Series =
  | { name: string; unit?: string; attributes: Attributes; sum: number; counts?: undefined }
  | { name: string; unit?: string; attributes: Attributes; sum: number; counts: number[] };

/** Upper bounds of a histogram's buckets, in ms: those that OpenTelemetry has by default. */
export const bucketBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

const scope = { name: "skiff.mcp.gateway" };
const kinds = { internal: 1, server: 2 };
const statusError = 2;
const cumulative = 2;

/** The body of `POST /v1/traces`. */
export function traceBody(resource: Attributes, spans: FinishedSpan[]): unknown {
  return {
    resourceSpans: [{
      resource: { attributes: keyValues(resource) },
      scopeSpans: [{ scope, spans: spans.map(spanJson) }],
    }],
  };
}

function spanJson(span: FinishedSpan): unknown {
  const { traceId, spanId, parentSpanId, name, kind, start, end, attributes, error } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId ? { parentSpanId } : {}),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: keyValues(attributes),
    status: error === undefined ? {} : { code: statusError, message: error },
  };
}

/** The body of `POST /v1/metrics`: everything since `start`. */
export function metricsBody(resource: Attributes, series: Series[], start: number, now: number): unknown {
  const times = { startTimeUnixNano: nanoseconds(start), timeUnixNano: nanoseconds(now) };
  const metrics = [...Map.groupBy(series, ({ name }) => name)].map(([name, all]) => {
    const isHistogram = all[0].counts !== undefined;
    const dataPoints = all.map(({ attributes, sum, counts }) => ({
      ...times,
      attributes: keyValues(attributes),
      ...(counts
        ? {
          sum,
          count: String(counts.reduce((a, b) => a + b, 0)),
          bucketCounts: counts.map(String),
          explicitBounds: bucketBounds,
        }
        : { asInt: String(sum) }),
    }));
    const data = { dataPoints, aggregationTemporality: cumulative };
    const { unit } = all[0];
    return {
      name,
      ...(unit ? { unit } : {}),
      ...(isHistogram ? { histogram: data } : { sum: { ...data, isMonotonic: true } }),
    };
  });
  return {
    resourceMetrics: [{
      resource: { attributes: keyValues(resource) },
      scopeMetrics: [{ scope, metrics }],
    }],
  };
}

function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: string | number | boolean): unknown {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "string") return { stringValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const nanoseconds = (milliseconds: number) => String(BigInt(Math.round(milliseconds * 1000)) * 1000n);
