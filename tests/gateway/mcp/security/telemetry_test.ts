/** What a gateway's spans tell: which tools were called, and no secret. */
import { doesNotMatch, match, ok } from "node:assert/strict";
import { denoFolder } from "../../../support/deno_folder.ts";
import { programEntry } from "../../../support/mcp/assembled.ts";
import { until } from "../../../support/proxy_process.ts";
import { withHome } from "../home.ts";
import { selfCommand } from "../../../../core/process/self.ts";

const key = "plum-tree in winter/7";

Deno.test("spans of failed calls have the secret's name in its place", async () => {
  let spans = "";
  const collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    if (new URL(request.url).pathname === "/v1/traces") spans += body;
    return Response.json({});
  });
  await withHome(async (home) => {
    const leaky = { ...programEntry("leaky_server.ts"), secrets: [{ name: "leaky.key", env: "KEY" }] };
    await home.write("catalog.json", JSON.stringify({ registry: { leaky } }));
    await home.write("secrets.env", `leaky.key=${key}\n`);
    const { program, args } = selfCommand([
      "mcp",
      "gateway",
      "run",
      `--catalog=${home.home}/catalog.json`,
      `--secrets=${home.home}/secrets.env`,
      "--servers=leaky",
    ]);
    const child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: {
        HOME: home.home,
        SKIFF_HOME: `${home.home}/skiff`,
        DENO_DIR: await denoFolder(),
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      },
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream() as any) as ReadableStream<string>;
    const log = new Response(child.stderr).text();
    const writer = child.stdin.getWriter();
    const send = (message: unknown) =>
      writer.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", ...message as object })}\n`));
    const client = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "t", version: "1" },
    };
    await send({ id: 1, method: "initialize", params: client });
    await send({ method: "notifications/initialized" });
    await send({ id: 2, method: "tools/call", params: { name: "error", arguments: {} } });
    let said = "";
    for await (const piece of output) {
      said += piece;
      if (said.includes('"id":2')) break;
    }
    await until(() => spans.includes("mcp.tool.call error")); // at its end it would wait a second, no longer
    await writer.close();
    await child.status;
    match(said, /cannot log in with \[leaky\.key\]/);
    match(spans, /mcp\.tool\.call error/);
    match(spans, /cannot log in with \[leaky\.key\]/);
    for (const text of [said, spans, await log]) doesNotMatch(text, /plum-tree/);
    ok((await log).includes("Calling tool failed: error"));
  });
  await collector.shutdown();
});
