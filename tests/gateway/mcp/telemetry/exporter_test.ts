/** What waits to be sent when a gateway ends. */
import { deepEqual } from "node:assert/strict";
import { Exporter } from "../../../../gateway/mcp/telemetry/exporter.ts";

Deno.test("at the end all is sent that waits", async () => {
  const paths: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.text();
    paths.push(new URL(request.url).pathname);
    return Response.json({});
  });
  const place = `http://127.0.0.1:${server.addr.port}`;
  const exporter = new Exporter({
    traces: `${place}/v1/traces`,
    metrics: `${place}/v1/metrics`,
    headers: {},
    resource: {},
    timeoutMs: 600_000,
    metricsMs: 600_000,
    farewellMs: 600_000,
    log() {},
  }, () => [{ name: "calls", attributes: {}, sum: 1 }]);
  const [traceId, spanId] = ["1".repeat(32), "2".repeat(16)];
  exporter.add({ traceId, spanId, name: "call", kind: "server", start: 1, end: 2, attributes: {} });
  await exporter.close();
  deepEqual(paths.sort(), ["/v1/metrics", "/v1/traces"]);
});
