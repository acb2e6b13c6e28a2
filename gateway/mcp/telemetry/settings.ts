/** Where telemetry goes, by the environment variables of OpenTelemetry's specification. */
import { version } from "../../../core/version.ts";
import type { ExporterSettings } from "./exporter.ts";
import type { Attributes } from "./otlp.ts";

interface Environment {
  get(name: string): string | undefined;
}

const standardTimeoutMs = 10_000;
const standardMetricsMs = 30_000;

/**
 * Undefined when no collector is named or telemetry is switched off (`OTEL_SDK_DISABLED`). Docker's own variable
 * for the endpoint holds where OpenTelemetry's is not set. An address that is none is told and left out.
 */
export function telemetrySettings(
  env: Environment,
  log: (line: string) => void,
): ExporterSettings | undefined {
  if (/^true$/i.test(env.get("OTEL_SDK_DISABLED") ?? "")) return undefined;
  const base = env.get("OTEL_EXPORTER_OTLP_ENDPOINT") || env.get("DOCKER_CLI_OTEL_EXPORTER_OTLP_ENDPOINT");
  const place = (kind: "TRACES" | "METRICS") => {
    if (/^none$/i.test(env.get(`OTEL_${kind}_EXPORTER`) ?? "")) return undefined;
    const own = env.get(`OTEL_EXPORTER_OTLP_${kind}_ENDPOINT`);
    const text = own || (base && `${base.replace(/\/$/, "")}/v1/${kind.toLowerCase()}`);
    if (!text) return undefined;
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
    log(`! Telemetry is not sent: "${text}" is no http address`);
    return undefined;
  };
  const [traces, metrics] = [place("TRACES"), place("METRICS")];
  if (!traces && !metrics) return undefined;
  if (/^grpc$/i.test(env.get("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "")) {
    log("! Telemetry is sent as OTLP over HTTP (http/json); the collector's port for it is usually 4318");
  }
  return {
    traces,
    metrics,
    headers: pairs(env.get("OTEL_EXPORTER_OTLP_HEADERS")),
    resource: resourceOf(env),
    timeoutMs: Number(env.get("OTEL_EXPORTER_OTLP_TIMEOUT")) || standardTimeoutMs,
    metricsMs: interval(env.get("DOCKER_MCP_METRICS_INTERVAL")) ??
      (Number(env.get("OTEL_METRIC_EXPORT_INTERVAL")) || standardMetricsMs),
    log,
  };
}

function resourceOf(env: Environment): Attributes {
  return {
    "service.name": env.get("OTEL_SERVICE_NAME") || "skiff-mcp-gateway",
    "service.version": version,
    "telemetry.sdk.language": "webjs",
    ...pairs(env.get("OTEL_RESOURCE_ATTRIBUTES")),
  };
}

/** "name=value,name=value", percent-encoded. */
function pairs(text = ""): Record<string, string> {
  const found = text.split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 ? [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]] : [];
  });
  return Object.fromEntries(found);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** "30s", "500ms", "1m" in ms. */
function interval(text = ""): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  return match ? Math.max(1, Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] as "s"]) : undefined;
}
