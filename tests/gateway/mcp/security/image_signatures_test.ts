/** Signatures in cosign's form, made here with keys of our own, in a registry on this machine. */
import { deepStrictEqual as equal, match, rejects, strictEqual } from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { SignatureVerifier } from "../../../../gateway/mcp/security/image_signatures.ts";
import { dockerKey, signingKeys } from "../../../../gateway/mcp/security/signing_key.ts";
import { VerifiedImages } from "../../../../gateway/mcp/security/verified_images.ts";
import {
  keys,
  pem,
  type SignatureFaults,
  signatureLayer,
  signatureTag,
  signatureType,
} from "../../../support/mcp/signed_images.ts";
import { digestOf, serveRegistry } from "../../../support/registry_server.ts";

const { docker, older, rekor, other } = keys;

function registryWith(digest: string, signatures: SignatureFaults[], memory?: VerifiedImages) {
  const { server, host } = serveRegistry();
  const layers = signatures.map((faults) => {
    const { payload, body, annotations } = signatureLayer(digest, faults);
    server.files.set(`/v2/mcp/signatures/blobs/${digestOf(payload)}`, { body });
    return { mediaType: signatureType, digest: digestOf(payload), size: payload.length, annotations };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 },
    layers,
  };
  const path = `/v2/mcp/signatures/manifests/${signatureTag(digest)}`;
  server.files.set(path, { body: JSON.stringify(manifest) });
  const verifier = new SignatureVerifier({
    registry: host,
    keys: () => Promise.resolve([pem(older.publicKey), pem(docker.publicKey)]),
    rekorKey: pem(rekor.publicKey),
    memory,
  });
  return { server, host, verifier };
}

const digest = digestOf("an image");
const { signal } = new AbortController();

const cases: [string, SignatureFaults[], RegExp | undefined][] = [
  ["a right signature", [{}], undefined],
  ["one right signature among wrong ones", [{ signer: other.privateKey }, {}], undefined],
  ["a signature by the key before", [{ signer: older.privateKey }], undefined],
  ["no signature beside the payload", [{ unsigned: true }], /its signature is missing/],
  ["no promise of the log", [{ unpromised: true }], /promise is not of its key/],
  ["a payload that was changed", [{ edited: "payload" }], /not of the expected key/],
  ["a payload that is not what the manifest says", [{ edited: "blob" }], /digest|is damaged|sha256/i],
  ["a log entry whose time was changed", [{ edited: "time" }], /promise is not of its key/],
  ["a log entry whose body was changed", [{ edited: "body" }], /promise is not of its key/],
  ["a signature by another key", [{ signer: other.privateKey }], /not of the expected key/],
  ["a signature of another image", [{ about: digestOf("evil") }], /for another image/],
  ["a signature in no log", [{ unlogged: true }], /in no transparency log/],
  ["a log entry by another log", [{ log: other.privateKey }], /promise is not of its key/],
  ["a log entry for another signature", [{ otherEntry: true }], /entry is for another signature/],
  ["no signature in the list", [], /list of signatures is empty/],
];
for (const [name, faults, expected] of cases) {
  Deno.test(`images: ${name}`, async () => {
    const { server, host, verifier } = registryWith(digest, faults);
    const check = verifier.verify(`${host}/mcp/notes@${digest}`, signal);
    if (expected) await rejects(check, expected);
    else await check;
    await server[Symbol.asyncDispose]();
  });
}

Deno.test("an image without signature is refused, with what to do", async () => {
  const { server, host, verifier } = registryWith(digest, [{}]);
  const error = await verifier.verify(`${host}/mcp/notes@${digestOf("x")}`, signal).catch((error) => error);
  strictEqual(error.code, "forbidden");
  match(error.message, /is not trusted: there is no signature for it/);
  match(error.hint, /--verify-signatures=false/);
  await server[Symbol.asyncDispose]();
});

Deno.test("an image without digest is the one that the Engine has", async () => {
  const { server, host, verifier } = registryWith(digest, [{}]);
  const image = `${host}/mcp/notes:latest`;
  const names = ["other/notes", "mcp/notes"].map((name) => `${host}/${name}@${digestOf("x")}`);
  const signed = `${host}/mcp/notes@${digest}`;
  strictEqual(await verifier.verify(image, signal, [...names, signed]), signed);
  await rejects(verifier.verify(image, signal, names), /there is no signature for it/);
  await rejects(verifier.verify(image, signal, []), /no digest of a registry/);
  await server[Symbol.asyncDispose]();
});

Deno.test("a digest that was right is not asked about again; other images pass", async () => {
  const { server, host, verifier } = registryWith(digest, [{}]);
  await verifier.verify(`${host}/mcp/notes@${digest}`, signal);
  await server[Symbol.asyncDispose]();
  await verifier.verify(`${host}/mcp/notes@${digest}`, signal);
  await verifier.verify("acme/notes:1", signal);
  await rejects(verifier.verify(`${host}/mcp/notes@${digestOf("x")}`, signal));
});

Deno.test("what was right is known to the next gateway, for the same keys", async () => {
  const folder = await Deno.makeTempDir();
  const env = { get: (name: string) => name === "SKIFF_HOME" ? folder : undefined };
  const memory = () => new VerifiedImages(`${folder}/verified`, env);
  const first = registryWith(digest, [{}], memory());
  const image = `${first.host}/mcp/notes@${digest}`;
  await first.verifier.verify(image, signal);
  await first.server[Symbol.asyncDispose]();
  const rules = { registry: first.host, rekorKey: pem(rekor.publicKey), memory: memory() };
  const keys = [pem(older.publicKey), pem(docker.publicKey)];
  await new SignatureVerifier({ ...rules, keys: () => Promise.resolve(keys) }).verify(image, signal);
  const withOthers = new SignatureVerifier({
    ...rules,
    keys: () => Promise.resolve([pem(other.publicKey)]),
  });
  await rejects(withOthers.verify(image, signal), { name: "SkiffError" });
  await rejects(withOthers.verify(`${first.host}/mcp/notes@${digestOf("x")}`, signal));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("Docker's key is built in; a file of the user's own is used in its place", async () => {
  const folder = await Deno.makeTempDir();
  const withFile = async (text: string) => {
    await Deno.writeTextFile(`${folder}/own.pub`, text);
    return await signingKeys({ get: () => `${folder}/own.pub` });
  };
  equal(await signingKeys({ get: () => undefined }), [dockerKey]);
  strictEqual(createPublicKey(dockerKey).asymmetricKeyDetails?.namedCurve, "prime256v1");
  const both = [pem(docker.publicKey).trim(), pem(other.publicKey).trim()];
  equal(await withFile(`# ours\n${both.join("\n")}\n`), both);
  await rejects(withFile("<html>"), /holds no public key/);
  await rejects(signingKeys({ get: () => `${folder}/absent` }), /Cannot read the signing key/);
  await Deno.remove(folder, { recursive: true });
});
