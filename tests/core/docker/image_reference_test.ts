import { deepStrictEqual as equal, throws } from "node:assert";
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { registryAuth, registryConfig } from "../../../core/docker/registry_auth.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const names: { text: string; parts: (string | undefined)[] }[] = [
  { text: "alpine", parts: ["docker.io", "library/alpine", undefined, undefined, "alpine"] },
  { text: "me/app:1.2", parts: ["docker.io", "me/app", "1.2", undefined, "me/app"] },
  {
    text: "docker.io/alpine",
    parts: ["docker.io", "library/alpine", undefined, undefined, "docker.io/alpine"],
  },
  { text: "index.docker.io/a/b", parts: ["docker.io", "a/b", undefined, undefined, "index.docker.io/a/b"] },
  { text: "localhost/x", parts: ["localhost", "x", undefined, undefined, "localhost/x"] },
  {
    text: "127.0.0.1:5000/a/b/c:t",
    parts: ["127.0.0.1:5000", "a/b/c", "t", undefined, "127.0.0.1:5000/a/b/c"],
  },
  { text: "[::1]:5000/a", parts: ["[::1]:5000", "a", undefined, undefined, "[::1]:5000/a"] },
  { text: `ghcr.io/o/n@${digest}`, parts: ["ghcr.io", "o/n", undefined, digest, "ghcr.io/o/n"] },
  { text: `n:t@${digest}`, parts: ["docker.io", "library/n", "t", digest, "n"] },
];

for (const { text, parts } of names) {
  Deno.test(`${text} is read as an image's name`, () => {
    const { registry, repository, tag, digest, name } = parseImageReference(text);
    equal([registry, repository, tag, digest, name], parts);
  });
}

for (
  const text of [
    "",
    "UPPER",
    "a//b",
    "a:",
    "a:b:c",
    "a@sha256:12",
    "-a",
    "a b",
    "ghcr.io/",
    "a/../b",
    "../a",
    "./a",
    ".x/a",
    "a..b/c",
    "h:p/a",
    "-h.x/a",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is no image's name`, () => {
    throws(() => parseImageReference(text), { code: "invalid_input" });
  });
}

function decoded(value: string): unknown {
  equal(/^[\w=-]*$/.test(value), true);
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(value, { alphabet: "base64url" })));
}

Deno.test("log-ins come from Docker's config.json, and go out as the Engine wants them", async () => {
  const folder = await Deno.makeTempDir();
  const auths = {
    "https://index.docker.io/v1/": { auth: btoa("me:se:cret") },
    "localhost:5000": { auth: btoa("you:>>>???"), identitytoken: "token" },
  };
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ auths }));
  const env = { get: (name: string) => ({ DOCKER_CONFIG: folder })[name] };
  const hub = { serveraddress: "https://index.docker.io/v1/", username: "me", password: "se:cret" };
  const local = { serveraddress: "localhost:5000", username: "you", identitytoken: "token" };
  equal(decoded(await registryAuth("docker.io", undefined, env)), hub);
  equal(decoded(await registryAuth("localhost:5000", undefined, env)), local);
  equal(decoded(await registryAuth("ghcr.io", undefined, env)), {});
  equal(decoded(await registryAuth("docker.io", "anonymous", env)), {});
  equal(decoded(await registryAuth("r", { username: "a", password: "ü>" }, env)), {
    serveraddress: "r",
    username: "a",
    password: "ü>",
  });
  equal(decoded(await registryConfig(["docker.io", "localhost:5000", "ghcr.io"], env)), {
    "https://index.docker.io/v1/": hub,
    "localhost:5000": local,
  });
  await Deno.remove(folder, { recursive: true });
});
