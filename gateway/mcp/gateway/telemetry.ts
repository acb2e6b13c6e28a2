/**
 * Spans and numbers of tool calls by the OpenTelemetry that Deno has built in. It is on with `OTEL_DENO=true`;
 * where it is sent is said by the usual `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
import { serverType } from "../catalog/server_entry.ts";
import type { CallMiddleware, ToolCall } from "./middleware.ts";

/** The parts of OpenTelemetry's API that are used; Deno gives its own objects of that form. */
interface Span {
  setAttribute(name: string, value: string | number | boolean): void;
  setStatus(status: { code: number; message?: string }): void;
  end(): void;
}
interface Provided {
  tracerProvider: {
    getTracer(
      name: string,
    ): { startSpan(name: string, options: { attributes: Record<string, string> }): Span };
  };
  meterProvider: {
    getMeter(name: string): {
      createCounter(name: string): { add(value: number, attributes: Record<string, string>): void };
      createHistogram(
        name: string,
        options: { unit: string },
      ): { record(value: number, attributes: Record<string, string>): void };
    };
  };
}

const scope = "skiff.mcp.gateway";
const failed = 2; // SpanStatusCode.ERROR

/** The middleware, or undefined when telemetry is off. `clean` takes out of messages what must not be sent. */
export function callTelemetry(
  env: { get(name: string): string | undefined },
  clean: (text: string) => string,
): CallMiddleware | undefined {
  const provided = (Deno as { telemetry?: Provided }).telemetry;
  if (!provided || !["1", "true"].includes(env.get("OTEL_DENO") ?? "")) return undefined;
  const tracer = provided.tracerProvider.getTracer(scope);
  const meter = provided.meterProvider.getMeter(scope);
  const calls = meter.createCounter("mcp.tool.calls");
  const errors = meter.createCounter("mcp.tool.errors");
  const duration = meter.createHistogram("mcp.tool.duration", { unit: "ms" });
  return async (call, next) => {
    const attributes = attributesOf(call);
    const span = tracer.startSpan(`mcp.tool.call ${call.name}`, { attributes });
    const start = performance.now();
    calls.add(1, attributes);
    const fail = (message?: string) => {
      errors.add(1, attributes);
      span.setStatus({ code: failed, message });
    };
    try {
      const result = await next(call);
      if (result?.isError) fail();
      return result;
    } catch (error) {
      fail(clean((error as Error).message));
      throw error;
    } finally {
      duration.record(performance.now() - start, attributes);
      span.end();
    }
  };
}

/** By the names of Docker's gateway. */
function attributesOf({ server, tool, session }: ToolCall): Record<string, string> {
  return {
    "mcp.server.name": server?.entry.name ?? "gateway",
    "mcp.server.type": typeName(server && serverType(server.entry), server?.entry.remote?.transport_type),
    "mcp.tool.name": tool,
    "mcp.client.name": session.client.name,
    "mcp.client.version": session.client.version,
  };
}

function typeName(type: string | undefined, transport: string | undefined): string {
  if (type === "server" || type === "poci") return "docker";
  if (type === "remote") return transport === "sse" ? "sse" : "streaming";
  return type === undefined ? "dynamic" : "unknown";
}
