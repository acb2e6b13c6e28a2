/** `gateway run` with a collector of OpenTelemetry: what is sent, and that nothing waits for it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type TestHome, withHome } from "../../gateway/mcp/home.ts";
import { type StdioGateway, stdioGateway } from "../../support/mcp/gateway_process.ts";
import { until } from "../../support/proxy_process.ts";

const program = new URL("../../support/mcp/small_server.ts", import.meta.url).pathname;
const command = [Deno.execPath(), "run", "--allow-env", "--quiet", "--no-check", program, "say"];

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number; message?: string };
}

/** A collector of OTLP over HTTP in JSON. `answer` may be late, or never come. */
function collector(answer: () => Response | Promise<Response> = () => Response.json({})) {
  const spans: Span[] = [];
  const metrics = new Map<string, any>();
  const requests: { path: string; headers: Headers; body: any }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.json();
    requests.push({ path: new URL(request.url).pathname, headers: request.headers, body });
    for (const { scopeSpans } of body.resourceSpans ?? []) {
      for (const { spans: some } of scopeSpans) spans.push(...some);
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? []) {
      for (const { metrics: some } of scopeMetrics) for (const one of some) metrics.set(one.name, one);
    }
    return await answer();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    metrics,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const valuesOf = ({ attributes }: Span) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

async function withGateway(
  variables: Record<string, string>,
  fn: (gateway: StdioGateway, home: TestHome) => Promise<void>,
): Promise<void> {
  await withHome(async (home) => {
    const entry = { type: "local", command };
    const broken = { type: "local", command: [Deno.execPath(), "eval", "Deno.exit(3)"] };
    await home.write("catalog.yaml", JSON.stringify({ registry: { small: entry, broken } }));
    const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, ...variables };
    const flags = ["--catalog", `${home.home}/catalog.yaml`, "--enable-all-servers"];
    await using gateway = await stdioGateway(flags, { env });
    await fn(gateway, home);
    await gateway.client.close();
    await gateway.child.stdin.close().catch(() => {});
    equal(await gateway.ended, 0);
  });
}

const call = async ({ client }: StdioGateway, meta?: Record<string, unknown>) => {
  const { content } = await client.callTool({ name: "say", arguments: {}, ...(meta ? { _meta: meta } : {}) });
  return JSON.parse((content as { text: string }[])[0].text);
};

function telemetryTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

telemetryTest(
  "spans of lists, starts and calls, with who was asked; the trace goes on to the server",
  async () => {
    await using there = collector();
    const named = (name: string) => there.spans.filter((span) => span.name === name);
    const sum = (name: string) =>
      there.metrics.get(name)?.sum.dataPoints.reduce((all: number, { asInt }: any) => all + Number(asInt), 0);
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let passed = "";
    await withGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: there.url,
      OTEL_EXPORTER_OTLP_HEADERS: "x-team=blue%20whales",
      OTEL_SERVICE_NAME: "mine",
      OTEL_METRIC_EXPORT_INTERVAL: "100",
    }, async (gateway) => {
      await gateway.client.listTools();
      const { meta } = await call(gateway, {
        traceparent: `00-${trace}-00f067aa0ba902b7-01`,
        tracestate: "a=b",
        own: 1,
      });
      equal(meta.own, 1);
      equal(meta.tracestate, "a=b");
      passed = meta.traceparent;
      const unsampled = await call(gateway, { traceparent: `00-${trace}-00f067aa0ba902b7-00` });
      match(unsampled.meta.traceparent, new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
      match((await call(gateway)).meta.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      await gateway.client.callTool({ name: "mcp-find", arguments: { query: "whales" } });
      // All is there before the gateway ends, which waits a second for what is left, no longer.
      await until(() =>
        named("mcp.tool.call mcp-find").length > 0 && named("mcp.server.start broken").length > 0
      );
      await until(() => sum("mcp.tool.calls") === 4);
    });
    const [first, second, ...more] = named("mcp.tool.call say");
    deepEqual(more, []);
    equal(passed, `00-${trace}-${first.spanId}-01`);
    equal(first.traceId, trace);
    equal(first.parentSpanId, "00f067aa0ba902b7");
    ok(second.parentSpanId === undefined && second.traceId !== trace);
    const { "mcp.session.id": session, ...values } = valuesOf(first);
    ok(session);
    deepEqual(values, {
      "mcp.server.name": "small",
      "mcp.server.type": "unknown",
      "mcp.tool.name": "say",
      "mcp.client.name": "test",
      "mcp.client.version": "1",
      "mcp.method.name": "tools/call",
    });
    ok(BigInt(first.endTimeUnixNano) > BigInt(first.startTimeUnixNano));
    ok(
      Math.abs(Number(BigInt(first.startTimeUnixNano) / 1_000_000n) - Date.now()) < 600_000,
      "it is of today",
    );
    deepEqual(named("mcp.list.tools").map((span) => valuesOf(span)["mcp.list.count"] !== undefined), [true]);
    deepEqual(named("mcp.server.start small").map(({ status }) => status), [{}]);
    equal(named("mcp.server.start broken")[0].status.code, 2);
    equal(valuesOf(named("mcp.tool.call mcp-find")[0])["mcp.server.name"], "gateway");
    equal(there.requests[0].headers.get("x-team"), "blue whales");
    const [{ resource }] = there.requests.find(({ path }) => path === "/v1/traces")!.body.resourceSpans;
    ok(
      resource.attributes.some((one: any) => one.key === "service.name" && one.value.stringValue === "mine"),
    );

    deepEqual(["mcp.tool.calls", "mcp.initialize", "mcp.list.tools", "mcp.gateway.starts"].map(sum), [
      4,
      1,
      1,
      1,
    ]);
    const [{ count, bucketCounts, explicitBounds }] =
      there.metrics.get("mcp.tool.duration").histogram.dataPoints;
    equal(count, "3");
    equal(bucketCounts.length, explicitBounds.length + 1);
  },
);

const dead: [
  what: string,
  answer: (() => Response | Promise<Response>) | undefined,
  told: RegExp | undefined,
][] = [
  ["is not there", undefined, /! Telemetry does not reach 127\.0\.0\.1:9: /],
  ["fails", () => new Response("no", { status: 500 }), /! Telemetry does not reach .*500/],
  ["never answers", () => new Promise<Response>(() => {}), undefined],
];
for (const [what, answer, told] of dead) {
  telemetryTest(`a collector that ${what} holds up no call, and not the end`, async () => {
    const there = answer && collector(answer);
    await withGateway(
      { OTEL_EXPORTER_OTLP_ENDPOINT: there?.url ?? "http://127.0.0.1:9" },
      async (gateway) => {
        for (let i = 0; i < 30; i++) await call(gateway);
        if (told) {
          await gateway.line(told);
          await call(gateway);
          equal(gateway.lines.filter((line) => told.test(line)).length, 1);
        }
      },
    );
  });
}

telemetryTest("nothing is sent without a collector, or when it is switched off", async () => {
  await using there = collector();
  await withGateway(
    { OTEL_EXPORTER_OTLP_ENDPOINT: there.url, OTEL_SDK_DISABLED: "true" },
    async (gateway) => {
      equal((await call(gateway)).meta, undefined);
    },
  );
  await withGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: "not an address" }, async (gateway) => {
    await gateway.line(/! Telemetry is not sent: "not an address/);
    await call(gateway);
  });
  deepEqual(there.requests, []);
});
