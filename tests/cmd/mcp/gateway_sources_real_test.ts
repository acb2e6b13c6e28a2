/** `gateway run --oci-ref` and `--mcp-registry`: servers that no catalog has. */
import { deepEqual, equal, match } from "node:assert/strict";
import { commitContainer, createContainer, removeContainer } from "../../../core/docker/containers.ts";
import { removeImage } from "../../../core/docker/images.ts";
import { busyboxImage, testDocker } from "../../support/docker.ts";
import { gatewayProcess, stdioGateway } from "../../support/mcp/gateway_process.ts";
import { remoteStandIn } from "../../support/mcp/remote_stand_in.ts";
import { runInside, shellServer } from "../../support/mcp/shell_server.ts";
import { realTest } from "../../support/parts.ts";
import { withHome } from "../../gateway/mcp/home.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  return { engine, docker, busybox: await busyboxImage(docker) };
}

realTest("an image that describes its server", parts, async ({ engine, docker, busybox }) => {
  const repo = `skiff-test/described-${crypto.randomUUID().slice(0, 8)}`;
  const { image: _, ...described } = shellServer("described", busybox);
  const labels = { "io.docker.server.metadata": JSON.stringify(described) };
  const { Id } = await createContainer(docker, { Image: busybox, Labels: labels });
  await commitContainer(docker, Id, { repo, tag: "1" });
  await removeContainer(docker, Id, { force: true });
  try {
    await withHome(async (home) => {
      const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff`, DOCKER_HOST: engine.host };
      const flags = ["--verify-signatures=false", `--oci-ref=${repo}:1`];
      await using gateway = await stdioGateway(flags, { env });
      equal(await runInside(gateway.client, "echo here"), "here", gateway.lines.join("\n"));
      const none = gatewayProcess(["--dry-run", `--oci-ref=${busybox}`], { env });
      await none.line(/does not describe an MCP server/);
      equal(await none.ended, 1);
    });
  } finally {
    await removeImage(docker, `${repo}:1`, { force: true });
    docker.close();
  }
});

Deno.test({
  name: "a server of a community registry",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withHome(async (home) => {
      await using remote = remoteStandIn();
      const entry = {
        name: "io.example/whales",
        description: "Whales",
        version: "1.0.0",
        remotes: [{ type: "streamable-http", url: remote.url }],
      };
      await using registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
        return url.endsWith("/v0/servers/1")
          ? Response.json({ server: entry })
          : new Response(null, { status: 404 });
      });
      const env = {
        HOME: home.home,
        SKIFF_HOME: `${home.home}/skiff`,
        DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS: "1",
      };
      const place = `http://127.0.0.1:${registry.addr.port}/v0/servers`;
      {
        await using gateway = await stdioGateway([`--mcp-registry=${place}/1`], { env });
        const { content } = await gateway.client.callTool({ name: "echo", arguments: { a: 1 } });
        deepEqual(content, [{ type: "text", text: '{"a":1}' }]);
      }
      const none = gatewayProcess(["--dry-run", `--mcp-registry=${place}/2`], { env });
      match(await none.line(/404/), /127\.0\.0\.1/);
      equal(await none.ended, 1);
    }),
});
