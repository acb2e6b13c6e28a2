/** Profiles whose servers say only where they are. */
import assert from "node:assert/strict";
import { parseProfile } from "../../../../gateway/mcp/profiles/profile.ts";
import { withSnapshots } from "../../../../gateway/mcp/profiles/snapshots.ts";
import { withHome } from "../home.ts";

const described = {
  name: "io.github.acme/notes",
  description: "Keeps notes",
  packages: [{ registryType: "oci", identifier: "acme/notes:1", transport: { type: "stdio" } }],
};

Deno.test("a server is described where it is; one that is not found stays as it is, and is told", async () => {
  await using registry = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) =>
      url.endsWith("/notes") ? Response.json({ server: described }) : new Response("", { status: 404 }),
  );
  const root = `http://127.0.0.1:${registry.addr.port}/v0/servers`;
  const profile = parseProfile(
    JSON.stringify({
      id: "mine",
      servers: [
        { type: "registry", source: `${root}/notes` },
        { type: "registry", source: `${root}/gone` },
        { type: "image", image: `127.0.0.1:${registry.addr.port}/acme/none:1` },
        { type: "remote", endpoint: "https://docs.example.com/mcp" },
        { type: "image", image: "x", snapshot: { server: { name: "own", image: "x" } } },
      ],
    }),
    "mine.json",
  );
  await withHome(async ({ place }) => {
    const notes: string[] = [];
    const { servers } = await withSnapshots(profile, place, notes);
    assert.deepEqual(servers.map(({ snapshot }) => snapshot?.server.image), [
      "acme/notes:1",
      undefined,
      undefined,
      undefined,
      "x",
    ]);
    assert.equal(notes.length, 2);
    assert.match(notes[0], /^The server "gone" is taken as it is: .* answered 404/);
    assert.match(notes[1], /^The server "none" is taken as it is: /);
  });
});
