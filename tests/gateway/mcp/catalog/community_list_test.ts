/** A whole community registry as a catalog, from a stand-in that speaks its list of pages. */
import assert from "node:assert/strict";
import { makeCatalog } from "../../../../gateway/mcp/catalog/create_catalog.ts";
import { openCatalog } from "../../../../gateway/mcp/catalog/load_catalogs.ts";
import { withHome } from "../home.ts";

const servers = [
  {
    name: "io.acme/image",
    description: "a",
    packages: [{ registryType: "oci", identifier: "acme/a", version: "1" }],
  },
  { name: "io.acme/remote", description: "b", remotes: [{ type: "sse", url: "https://b.test/sse" }] },
  {
    name: "io.acme/python",
    description: "c",
    packages: [{
      registryType: "pypi",
      identifier: "c-mcp",
      version: "2.0",
      packageArguments: [{ type: "positional", value: "serve" }],
      environmentVariables: [{ name: "C_KEY", isSecret: true }],
    }],
  },
  { name: "io.acme/node", description: "d", packages: [{ registryType: "npm", identifier: "@acme/d" }] },
  { name: "io.acme/unwanted", description: "e", remotes: [{ type: "sse", url: "https://e.test/sse" }] },
];

async function withRegistry(fn: (host: string, asked: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const url = new URL(request.url);
    asked.push(url.pathname + url.search);
    if (url.pathname !== "/v0/servers") return new Response("no", { status: 404 });
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const next = from + 2 < servers.length ? { nextCursor: String(from + 2) } : {};
    return Response.json({
      servers: servers.slice(from, from + 2).map((one) => ({ server: one, _meta: {} })),
      metadata: next,
    });
  });
  try {
    await fn(`http://127.0.0.1:${server.addr.port}`, asked);
  } finally {
    await server.shutdown();
  }
}

Deno.test("all pages; what needs no package runner, without those that are excluded", async () => {
  await withRegistry(async (registry, asked) => {
    await withHome(async ({ place }) => {
      const made = await makeCatalog("acme/community:1", { registry, exclude: ["io.acme/unwanted"] }, place);
      assert.equal(made.servers, 2);
      assert.deepEqual(made.notes, [
        "2 left out: no container image and no remote address",
        "1 left out: excluded",
      ]);
      assert.deepEqual(asked, [
        "/v0/servers?version=latest&limit=100",
        "/v0/servers?version=latest&limit=100&cursor=2",
        "/v0/servers?version=latest&limit=100&cursor=4",
      ]);
      const { servers, displayName } = await openCatalog("acme/community:1", place);
      assert.equal(displayName, "MCP Community Registry");
      assert.deepEqual([...servers.keys()], ["io.acme-image", "io.acme-remote"]);
      assert.deepEqual(servers.get("io.acme-image")?.metadata?.tags, ["community"]);
    });
  });
});

Deno.test("packages of PyPI and npm on demand: a runner's image, with a cache of the server's own", async () => {
  await withRegistry(async (registry) => {
    await withHome(async ({ place }) => {
      await makeCatalog("acme/all:1", { registry, includePypi: true, includeNpm: true }, place);
      const { servers } = await openCatalog("acme/all:1", place);
      const python = servers.get("io.acme-python")!;
      assert.match(python.image!, /^ghcr\.io\/astral-sh\/uv:python/);
      assert.deepEqual(python.command, ["uvx", "--from", "c-mcp==2.0", "c-mcp", "serve"]);
      assert.deepEqual(python.volumes, ["docker-mcp-uv-cache-io.acme-python:/root/.cache/uv"]);
      assert.deepEqual(python.secrets, [{ name: "io.acme-python.c_key", env: "C_KEY" }]);
      assert.deepEqual(servers.get("io.acme-node")!.command, ["npx", "--yes", "@acme/d"]);
    });
  });
});

Deno.test("what lists no servers is told", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => Response.json({ a: 1 }));
  await withHome(async ({ place }) => {
    const registry = `http://127.0.0.1:${server.addr.port}`;
    await assert.rejects(() => makeCatalog("a/b", { registry }, place), { code: "invalid_input" });
    assert.equal(await Deno.stat(place.files.catalogList).then(() => true, () => false), false);
  });
  await server.shutdown();
});
