/**
 * Catalogs and profiles by reference, as they are typed, through a real registry. That Docker's toolkit takes what is
 * pushed here, and the other way round, was seen with its own program (docker/mcp-gateway 2bd20fe); what it checks of
 * artifacts is checked here.
 */
import assert from "node:assert/strict";
import { RegistryClient } from "../../../core/registry/client.ts";
import { withHome } from "../../gateway/mcp/home.ts";
import { dockerRegistry } from "../../support/docker_registry.ts";
import { realTest } from "../../support/parts.ts";
import { typing } from "./typing.ts";

type Type = (...words: string[]) => Promise<string>;

function registryTest(name: string, fn: (type: Type, registry: string) => Promise<void>): void {
  realTest(name, dockerRegistry, async (registry) => {
    await using _ = registry;
    await withHome(async (home) => {
      const type = typing(home);
      await fn(async (...words) => {
        const { code, out, err } = await type(...words);
        return code === 0 ? out : `${code}: ${err}`;
      }, registry.host);
    });
  });
}

const json = async (text: Promise<string>) => JSON.parse(await text);

registryTest(
  "a catalog is made of servers, pushed, tagged, edited, removed and pulled again",
  async (type, host) => {
    const ref = `${host}/acme/tools:1`;
    assert.equal(
      await type(
        "catalog",
        "create",
        ref,
        "--title",
        "Tools",
        "--server",
        "time",
        "--server",
        "catalog://skiff/f*+curl",
      ),
      `Catalog ${ref} created as tools: 4 servers\n`,
    );
    assert.match(await type("catalog", "create", ref), /^1: There is a catalog "tools" already/);
    await type("profile", "create", "--name", "Work", "--server", "time");
    const ofProfile = ["catalog", "create", `${host}/acme/work:1`, "--from-profile", "work"];
    assert.match(await type(...ofProfile), / created as work: 1 server\n$/);
    await type("profile", "server", "add", "work", "--server", "fetch");
    assert.match(await type(...ofProfile), / created as work: 2 servers\n$/); // of the same as before: anew
    const ofOthers = ["catalog", "create", `${host}/acme/work:1`, "--server", "time"];
    assert.match(await type(...ofOthers), /^1: There is a catalog "work" already/);
    assert.match(
      await type("catalog", "push", ref),
      new RegExp(`^Pushed catalog to ${ref}@sha256:[0-9a-f]{64}\n$`),
    );
    const shown = await json(type("catalog", "show", ref, "--format", "json"));
    const client = new RegistryClient({ registry: host, repository: "acme/tools" });
    const { manifest, digest } = await client.manifest("1");
    assert.equal(shown.digest, digest);
    assert.deepEqual(
      [manifest.artifactType, manifest.config.mediaType, manifest.layers.map(({ mediaType }) => mediaType)],
      [
        "application/vnd.docker.mcp.catalog.v1+json",
        "application/vnd.oci.empty.v1+json",
        ["application/json"],
      ],
    );
    const artifact = JSON.parse(new TextDecoder().decode(await client.blob(manifest.layers[0])));
    assert.deepEqual(Object.keys(artifact), ["title", "servers"]);
    for (const { type, snapshot } of artifact.servers) {
      assert.ok(["image", "remote", "registry"].includes(type)); // Docker's toolkit refuses all others
      assert.ok(["server", "remote", "poci"].includes(snapshot.server.type));
    }
    const tag = `${host}/acme/tools:2`;
    assert.equal(await type("catalog", "tag", ref, tag), `Tagged catalog ${ref} as ${tag}\n`);
    assert.equal(
      await type("catalog", "server", "rm", tag, "fetch", "--name", "curl"),
      `Removed from ${tag}: fetch, curl\n`,
    );
    assert.match(
      await type("catalog", "server", "rm", tag, "nope"),
      /^1: The catalog ".*" has no server "nope"/,
    );
    assert.equal(await type("catalog", "server", "add", tag, "--server", "git"), `Added to ${tag}: git\n`);
    assert.match(
      await type("catalog", "server", "ls", tag, "-f", "name=GI"),
      /Servers \(1\):\n\n {2}git\n {4}Title: Git/,
    );
    assert.match(
      await type("catalog", "server", "inspect", tag, "git"),
      /^type: image\nimage: mcp\/git\nsnapshot:/,
    );
    assert.match(
      await type("catalog", "server", "add", "skiff", "--server", "git"),
      /^1: The catalog "skiff" is not edited/,
    );
    await type("catalog", "push", tag);
    for (const one of [ref, tag]) assert.match(await type("catalog", "rm", one), /^Removed/);
    assert.match(await type("catalog", "show", tag), /^1: There is no catalog/);
    assert.equal(await type("catalog", "pull", tag), `Catalog ${tag} pulled as tools: 3 servers\n`);
  },
);

registryTest("a catalog keeps which tools of a profile's servers are on", async (type, host) => {
  const ref = `${host}/acme/few:1`;
  await type("profile", "create", "--name", "Few", "--server", "time");
  await type("profile", "tools", "few", "--disable", "time.convert_time");
  await type("catalog", "create", ref, "--from-profile", "few");
  await type("catalog", "push", ref);
  const few = ["get_current_time"];
  const client = new RegistryClient({ registry: host, repository: "acme/few" });
  const { manifest } = await client.manifest("1");
  const artifact = JSON.parse(new TextDecoder().decode(await client.blob(manifest.layers[0])));
  assert.deepEqual(artifact.servers[0].tools, few);
  assert.equal(artifact.servers[0].snapshot.server.allowedTools, undefined);
  await type("catalog", "rm", ref);
  await type("catalog", "pull", ref);
  await type("profile", "create", "--name", "Again", "--server", `catalog://${ref}/time`);
  const profile = await json(type("profile", "show", "again", "--format", "json"));
  assert.deepEqual(profile.servers[0].tools, few);
  await type("server", "enable", "time");
  const inspected = async () => (await json(type("server", "inspect", "time"))).enabledTools;
  assert.deepEqual(await inspected(), few);
  await type("tools", "enable", "convert_time", "--server", "time");
  assert.deepEqual((await inspected()).sort(), ["convert_time", ...few]);
});

registryTest("a one-shot server has its image without its tools, too", async (type, host) => {
  const ref = `${host}/acme/once:1`;
  await type("catalog", "create", ref, "--server", "curl");
  const [server] = (await json(type("catalog", "show", ref, "--no-tools", "--format", "json"))).servers;
  assert.equal(server.snapshot.server.type, "poci");
  assert.equal(server.type, "image");
  assert.equal(server.snapshot.server.tools, undefined);
});

registryTest("show pulls when it is asked to", async (type, host) => {
  const ref = `${host}/acme/cat:1`;
  await type("catalog", "create", ref, "--server", "time");
  await type("catalog", "push", ref);
  await type("catalog", "rm", ref);
  const cases: [rule: string, here: boolean][] = [
    ["never", false],
    ["exists", false],
    ["missing", true],
    ["missing+exists@1d", true],
  ];
  for (const [rule, here] of cases) {
    const said = await type("catalog", "show", ref, "--pull", rule);
    assert.equal(/time +server/.test(said), here, `${rule}: ${said}`);
  }
  await type("catalog", "rm", ref);
  assert.match(await type("catalog", "show", ref, "--pull", "initial"), /^1: /, "it was pulled before");
  assert.match(await type("catalog", "show", ref, "--pull", "1h"), /time +server/);
});

registryTest(
  "catalogs of a profile and of a catalog file; profiles go through the registry",
  async (type, host) => {
    await type(
      "profile",
      "create",
      "--name",
      "Work",
      "--server",
      "time",
      "--server",
      "curl",
      "--server",
      "deepwiki",
    );
    const ref = `${host}/acme/work:1`;
    assert.match(
      await type("catalog", "create", ref, "--from-profile", "work"),
      /created as work: 3 servers/,
    );
    const { source, title } = await json(type("catalog", "show", ref, "--format", "json"));
    assert.deepEqual([source, title], ["profile:work", "Work"]);
    assert.match(
      await type("catalog", "create", "x/y", "--from-profile", "work", "--from-legacy-catalog", "z"),
      /^2: /,
    );
    assert.match(await type("catalog", "create", "x/y", "--exclude", "z"), /^2: .*--from-community-registry/);
    const profile = `${host}/acme/profile:1`;
    assert.match(await type("profile", "push", "work", profile), /^Pushed profile to .*@sha256:/);
    await type("profile", "rm", "work");
    assert.equal(await type("profile", "pull", profile), "Pulled profile work\n");
    assert.match(await type("profile", "show", "work"), /curl +image/);
    assert.match(
      await type("profile", "manual-instructions", "work", "--format", "json"),
      /"--profile",\n {2}"work"\n/,
    );
  },
);

registryTest(
  "an image in a registry describes its server and is not pulled; so does an artifact",
  async (type, host) => {
    const client = new RegistryClient({ registry: host, repository: "acme/notes" });
    const put = async (value: unknown, mediaType: string) =>
      await client.putBlob(new TextEncoder().encode(JSON.stringify(value)), mediaType);
    const label = "title: Notes\ndescription: Keeps notes\ntools: [{name: add_note}]\n";
    const config = await put(
      { os: "linux", architecture: "amd64", config: { Labels: { "io.docker.server.metadata": label } } },
      "application/vnd.oci.image.config.v1+json",
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: [],
    };
    const digest = await client.putManifest("1", manifest);
    const entry = await json(type("server", "inspect", `${host}/acme/notes:1`));
    assert.deepEqual(
      [entry.name, entry.title, entry.image],
      ["notes", "Notes", `${host}/acme/notes:1@${digest}`],
    );
    assert.match(
      await type("profile", "create", "--name", "N", "--server", `docker://${host}/acme/notes:1`),
      /with 1 server/,
    );
    assert.match(await type("server", "inspect", `${host}/acme/none:1`), /^1: /);
    const empty = await put({}, "application/vnd.oci.empty.v1+json");
    const layer = await put({ registry: [{ server: { name: "io.acme/notes" } }] }, "application/json");
    await client.putManifest("server", {
      ...manifest,
      artifactType: "application/vnd.docker.mcp.server",
      config: empty,
      layers: [layer],
    });
    const { registry } = await json(type("server", "inspect", `${host}/acme/notes:server`));
    assert.equal(registry[0].server.name, "io.acme/notes");
  },
);
