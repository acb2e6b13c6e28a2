/** Every protocol version of the SDK, towards clients and towards servers, and what becomes of features between. */
import { deepEqual, equal, match } from "node:assert/strict";
import { httpFront } from "../../../gateway/mcp/gateway/http.ts";
import { SUPPORTED_PROTOCOL_VERSIONS } from "../../../gateway/mcp/sdk.ts";
import { programServer, type TestGateway, testGateway } from "../../support/mcp/fixture.ts";

/** A client that says what it wants, and no more: JSON-RPC over streamable HTTP. */
async function rawClient(url: string, protocolVersion: string) {
  let id = 0;
  let session = "";
  const post = async (message: Record<string, unknown>) => {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...(session ? { "mcp-session-id": session, "mcp-protocol-version": protocolVersion } : {}),
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
    session ||= response.headers.get("mcp-session-id") ?? "";
    return { status: response.status, text: await response.text() };
  };
  const ask = async (method: string, params: Record<string, unknown> = {}) => {
    const { text } = await post({ id: ++id, method, params });
    const data = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json));
    return data.find((message) => message.id === id)?.result;
  };
  const clientInfo = { name: "raw", version: "1" };
  const initialized = await ask("initialize", { protocolVersion, capabilities: {}, clientInfo });
  const { status } = await post({ method: "notifications/initialized" });
  return { initialized, accepted: status, ask, post };
}

async function withFront(test: TestGateway, fn: (url: string) => Promise<void>): Promise<void> {
  const front = httpFront(test.gateway, { transport: "streaming", public: false, hosts: [] });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, front.fetch);
  await fn(`http://127.0.0.1:${server.addr.port}/mcp`);
  await front.close();
}

Deno.test({
  name: "each version of a client with each version of a server: listed and called",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const servers = SUPPORTED_PROTOCOL_VERSIONS.map((version) =>
      programServer(`v${version}`, "version_server.ts", [version])
    );
    await using test = testGateway(servers);
    await withFront(test, async (url) => {
      for (const version of SUPPORTED_PROTOCOL_VERSIONS) {
        await t.step(`a client of ${version}`, async () => {
          const { initialized, accepted, ask } = await rawClient(url, version);
          equal(initialized.protocolVersion, version);
          equal(accepted, 202);
          const { tools } = await ask("tools/list");
          deepEqual(
            tools.map(({ name }: { name: string }) => name).sort(),
            SUPPORTED_PROTOCOL_VERSIONS.map((one) => `say_${one}`).sort(),
          );
          for (const one of SUPPORTED_PROTOCOL_VERSIONS) {
            const { content } = await ask("tools/call", { name: `say_${one}`, arguments: {} });
            match(content[0].text, new RegExp(`^${one}, asked for `));
          }
        });
      }
    });
  },
});

Deno.test({
  name: "a version that nobody knows is answered with the newest, and in a header refused",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using test = testGateway([]);
    await withFront(test, async (url) => {
      const { initialized, accepted } = await rawClient(url, "2031-01-01");
      equal(initialized.protocolVersion, SUPPORTED_PROTOCOL_VERSIONS[0]);
      equal(accepted, 400);
    });
  },
});

Deno.test({
  name: "a server of a version that nobody knows is told, and left out",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using test = testGateway([programServer("future", "version_server.ts", ["2031-01-01"])]);
    const client = await test.connect();
    deepEqual((await client.listTools()).tools, []);
    match(await test.line(/can't start/), /future: .*version is not supported.*2031-01-01/);
  },
});
