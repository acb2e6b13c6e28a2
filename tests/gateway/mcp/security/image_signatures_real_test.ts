/** Signatures of images that a real Engine has pulled from a real registry, or has built itself. */
import { deepStrictEqual as equal, match, rejects } from "node:assert/strict";
import { commitContainer, createContainer, removeContainer } from "../../../../core/docker/containers.ts";
import { inspectImage, pushImage, removeImage, tagImage } from "../../../../core/docker/images.ts";
import { RegistryClient } from "../../../../core/registry/client.ts";
import { abortable } from "../../../../gateway/mcp/abortable.ts";
import { SignatureVerifier } from "../../../../gateway/mcp/security/image_signatures.ts";
import { ServerImages } from "../../../../gateway/mcp/servers/images.ts";
import { dockerRegistry } from "../../../support/docker_registry.ts";
import { type Engine, engineTest, testContainer } from "../../../support/engine_test.ts";
import {
  keys,
  pem,
  type SignatureFaults,
  signatureLayer,
  signatureTag,
  signatureType,
} from "../../../support/mcp/signed_images.ts";

const { signal } = new AbortController();

/** An image that differs from all others, under a name of the registry. */
async function newImage(engine: Engine, target: string): Promise<void> {
  await using container = await testContainer(engine);
  const [name, tag] = [target.slice(0, target.lastIndexOf(":")), target.slice(target.lastIndexOf(":") + 1)];
  await commitContainer(engine.docker, container.id, { repo: name, tag, comment: crypto.randomUUID() });
}

async function push({ docker }: Engine, name: string): Promise<string> {
  const pushed = await Array.fromAsync(pushImage(docker, name, { auth: "anonymous" }));
  return pushed.find(({ aux }) => aux?.Digest)!.aux!.Digest!;
}

/** As `cosign sign` leaves them in the repository of signatures. */
async function pushSignature(registry: string, digest: string, faults: SignatureFaults = {}): Promise<void> {
  const client = new RegistryClient({ registry, repository: "mcp/signatures" });
  const { payload, annotations } = signatureLayer(digest, faults);
  const layer = { ...await client.putBlob(payload, signatureType), annotations };
  const config = await client.putBlob(
    new TextEncoder().encode("{}"),
    "application/vnd.oci.image.config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  await client.putManifest(signatureTag(digest), { schemaVersion: 2, mediaType, config, layers: [layer] });
}

engineTest("an image without digest is verified by the one that it was pulled by", async (engine) => {
  const { docker, unique } = engine;
  await using registry = await dockerRegistry();
  const image = `${registry.host}/mcp/${unique()}:1`;
  const log: string[] = [];
  const verifier = new SignatureVerifier({
    registry: registry.host,
    keys: () => Promise.resolve([pem(keys.docker.publicKey)]),
    rekorKey: pem(keys.rekor.publicKey),
  });
  const images = new ServerImages((...args) => verifier.verify(...args));
  const ready = (name = image) => images.ready(docker, name, (line) => log.push(line), signal);
  try {
    await newImage(engine, image);
    const digest = await push(engine, image);
    await removeImage(docker, image);

    await rejects(ready(), /is not trusted: there is no signature for it/);
    equal(log, [`pulling ${image}`], "which image the name stands for, the registry says");
    await pushSignature(registry.host, digest, { signer: keys.other.privateKey });
    await rejects(ready(), /its signature is not of the expected key/);
    await pushSignature(registry.host, digest);
    // What runs is what was verified, whatever the name stands for by then.
    const verified = `${image.slice(0, -2)}@${digest}`;
    equal(await ready(), verified);
    equal(await ready(verified), verified);
    const container = await createContainer(docker, { Image: verified });
    await removeContainer(docker, container.Id);

    await newImage(engine, image); // another one under the same name, not from the registry
    await rejects(ready(), /built or loaded here|there is no signature for it/);
    const evil = await push(engine, image);
    await rejects(ready(), /there is no signature for it/);
    await pushSignature(registry.host, evil, { about: digest });
    await rejects(ready(), /its signature is for another image/);
  } finally {
    await removeImage(docker, image, { force: true }).catch(() => {});
  }
});

engineTest("images of other names are not asked about, built here or pulled", async (engine) => {
  const { docker, unique } = engine;
  const image = `${unique()}/notes:1`;
  await tagImage(docker, engine.image, { target: image });
  let asked = 0;
  const verifier = new SignatureVerifier({ keys: () => (asked++, Promise.resolve([])) });
  const images = new ServerImages((...args) => verifier.verify(...args));
  await images.ready(docker, image, () => {}, signal);
  equal(asked, 0);
  await removeImage(docker, image);
});

engineTest(
  "an image that was built here as one of Docker's is refused, and says what to do",
  async (engine) => {
    const { docker, unique } = engine;
    const image = `mcp/${unique()}:1`;
    await newImage(engine, image);
    const hasDigest = (await inspectImage(docker, image))?.RepoDigests?.length;
    const verifier = new SignatureVerifier({ keys: () => Promise.resolve([pem(keys.docker.publicKey)]) });
    const images = new ServerImages((...args) => verifier.verify(...args));
    const error = await images.ready(docker, image, () => {}, signal).catch((error) => error);
    // An Engine that stores images by digest names one here, too: then Docker Hub is asked for its signature.
    match(error.message, hasDigest ? /not trusted|docker\.io/ : /not trusted: .*built or loaded here/);
    await removeImage(docker, image);
  },
);

engineTest("whoever asked first for an image may leave; the next one gets it", async (engine) => {
  const { docker, unique } = engine;
  const image = `${unique()}/notes:1`;
  await tagImage(docker, engine.image, { target: image });
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const images = new ServerImages(async (name, signal) => {
    asked.resolve();
    await abortable(answered.promise, signal);
    return name;
  });
  const leave = new AbortController();
  const first = images.ready(docker, image, () => {}, leave.signal);
  const second = images.ready(docker, image, () => {}, signal);
  await asked.promise;
  leave.abort(new Error("left"));
  await rejects(first, /left/);
  answered.resolve();
  equal(await second, image);
  await removeImage(docker, image);
});
