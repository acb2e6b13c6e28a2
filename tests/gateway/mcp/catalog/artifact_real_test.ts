/** Catalogs and profiles through a real registry, with and without a log-in. */
import assert from "node:assert/strict";
import { parseImageReference } from "../../../../core/docker/image_reference.ts";
import { RegistryClient } from "../../../../core/registry/client.ts";
import {
  catalogArtifact,
  profileArtifact,
  pullArtifact,
  pushArtifact,
} from "../../../../gateway/mcp/catalog/artifact.ts";
import {
  createCatalog,
  importCatalog,
  removeCatalog,
  updateCatalogs,
} from "../../../../gateway/mcp/catalog/catalogs.ts";
import { loadCatalogs } from "../../../../gateway/mcp/catalog/load_catalogs.ts";
import { pullCatalog, pushCatalog } from "../../../../gateway/mcp/catalog/shared_catalogs.ts";
import { dockerRegistry } from "../../../support/docker_registry.ts";
import { realTest } from "../../../support/parts.ts";
import { withHome } from "../home.ts";

const login = { username: "me", password: "pass" };

for (const credential of [undefined, login]) {
  const name = `a catalog goes through a registry ${credential ? "with" : "without"} a log-in`;
  realTest(name, () => dockerRegistry({ login: credential }), async (registry) => {
    await using _ = registry;
    await withHome(async ({ place, write }) => {
      const auth = btoa(`${login.username}:${login.password}`);
      if (credential) {
        await write(".docker/config.json", JSON.stringify({ auths: { [registry.host]: { auth } } }));
      }
      await write(
        "team.yaml",
        "name: team\ndisplayName: Team\nregistry: {notes: {image: a/notes, x-cost: 3}}\n",
      );
      await importCatalog("team.yaml", place);
      const reference = `${registry.host}/acme/shared:1`;
      const { digest } = await pushCatalog("team", reference, place);
      const again = await pushCatalog("team", `${registry.host}/acme/shared:2`, place);
      assert.equal(again.digest, digest, "of the same content");
      const { repository } = parseImageReference(reference);
      const client = new RegistryClient({ registry: registry.host, repository }, { credential });
      const { manifest, digest: found } = await client.manifest("1");
      assert.deepEqual([found, manifest.artifactType, manifest.layers.length], [digest, catalogArtifact, 1]);
      assert.deepEqual(await pullCatalog(reference, place), { name: "shared", servers: 1, problems: [] });
      assert.deepEqual(await pullCatalog(reference, place), { name: "shared", servers: 1, problems: [] });
      const { name } = await pullCatalog(`${registry.host}/acme/shared:2`, place);
      assert.equal(
        name,
        `${registry.host}_acme_shared_2`.replaceAll(":", "_"),
        "another tag is another catalog",
      );
      await removeCatalog(`${registry.host}/acme/shared:2`, place);

      const { servers, origin } = await loadCatalogs(place);
      assert.deepEqual(servers.get("notes"), {
        name: "notes",
        image: "a/notes",
        "x-cost": 3,
        type: "server",
      });
      assert.equal(origin.get("notes"), "shared");
      assert.ok((await updateCatalogs("shared", place))[0].servers === 1);
      await createCatalog("own", place);
      await assert.rejects(() => pullCatalog(`${registry.host}/acme/none:1`, place), { code: "not_found" });
      await assert.rejects(() => pullArtifact(reference, profileArtifact, place.env), {
        message: /is no profile/,
      });
      await write(".docker/mcp/catalogs/own.yaml", "registry: {shell: {type: local, command: [sh]}}\n");
      const own = await pushCatalog("own", `${registry.host}/acme/own`, place);
      assert.deepEqual(own.left, ["shell"], "no command of this machine goes out");
      const shell = {
        type: "local",
        snapshot: { server: { name: "shell", type: "local", command: ["sh"] } },
      };
      const bad = { title: "Bad", servers: [shell] };
      await pushArtifact(`${registry.host}/acme/bad`, { type: catalogArtifact, value: bad }, place.env);
      await pullCatalog(`${registry.host}/acme/bad`, place);
      const loaded = await loadCatalogs(place);
      assert.equal(loaded.origin.get("shell"), "own");
      assert.match(
        loaded.warnings[0],
        /"shell" is left out: commands of this machine come only from catalogs made here/,
      );
      const profile = { id: "p", servers: [] };
      await pushArtifact(`${registry.host}/acme/p`, { type: profileArtifact, value: profile }, place.env);
      assert.deepEqual(await pullArtifact(`${registry.host}/acme/p`, profileArtifact, place.env), profile);
    });
  });
}

realTest("without a log-in a closed registry is told", () => dockerRegistry({ login }), async (registry) => {
  await using _ = registry;
  await withHome(async ({ place }) => {
    const value = { type: profileArtifact, value: {} };
    await assert.rejects(() => pushArtifact(`${registry.host}/a/b`, value, place.env), {
      code: "unauthorized",
    });
  });
});
