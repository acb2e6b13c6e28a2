/** Signatures in cosign's form, made here with keys of our own, in a registry on this machine. */
import { match, rejects, strictEqual } from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { SignatureVerifier } from "../../../../gateway/mcp/security/image_signatures.ts";
import { signingKey } from "../../../../gateway/mcp/security/signing_key.ts";
import { serveFiles } from "../../../support/file_server.ts";
import { digestOf, serveRegistry } from "../../../support/registry_server.ts";

const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const docker = keys();
const rekor = keys();
const other = keys();
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const bytes = (text: string) => new TextEncoder().encode(text);
const signed = (key: KeyObject, data: string) => sign("sha256", bytes(data), key).toString("base64");

interface Faults {
  signer?: KeyObject;
  log?: KeyObject;
  /** The digest that the statement is about. */
  about?: string;
  unlogged?: boolean;
  otherEntry?: boolean;
}

function layerOf(digest: string, { signer = docker.privateKey, log = rekor.privateKey, ...faults }: Faults) {
  const payload = JSON.stringify({
    critical: {
      identity: { "docker-reference": "docker.io/mcp/notes" },
      image: { "docker-manifest-digest": faults.about ?? digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  const signature = signed(signer, payload);
  const hash = createHash("sha256").update(payload).digest("hex");
  const entry = {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: faults.otherEntry ? "00" : hash } },
      signature: { content: signature, publicKey: { content: btoa(pem(docker.publicKey)) } },
    },
  };
  const record = {
    body: btoa(JSON.stringify(entry)),
    integratedTime: 1_700_000_000,
    logID: "c0d2",
    logIndex: 7,
  };
  const bundle = { SignedEntryTimestamp: signed(log, JSON.stringify(record)), Payload: record };
  const annotations = {
    "dev.cosignproject.cosign/signature": signature,
    ...(faults.unlogged ? {} : { "dev.sigstore.cosign/bundle": JSON.stringify(bundle) }),
  };
  return { payload, annotations };
}

function registryWith(digest: string, signatures: Faults[]) {
  const { server, host } = serveRegistry();
  const layers = signatures.map((faults) => {
    const { payload, annotations } = layerOf(digest, faults);
    server.files.set(`/v2/mcp/signatures/blobs/${digestOf(payload)}`, { body: bytes(payload) });
    const mediaType = "application/vnd.dev.cosign.simplesigning.v1+json";
    return { mediaType, digest: digestOf(payload), size: bytes(payload).length, annotations };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 },
    layers,
  };
  const path = `/v2/mcp/signatures/manifests/${digest.replace(":", "-")}.sig`;
  server.files.set(path, { body: JSON.stringify(manifest) });
  const verifier = new SignatureVerifier({
    registry: host,
    key: () => Promise.resolve(pem(docker.publicKey)),
    rekorKey: pem(rekor.publicKey),
  });
  return { server, host, verifier };
}

const digest = digestOf("an image");
const { signal } = new AbortController();

const cases: [string, Faults[], RegExp | undefined][] = [
  ["a right signature", [{}], undefined],
  ["one right signature among wrong ones", [{ signer: other.privateKey }, {}], undefined],
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
  await verifier.verify(image, signal, [
    `${host}/other/notes@${digestOf("x")}`,
    `${host}/mcp/notes@${digest}`,
  ]);
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

Deno.test("the key is fetched once and pinned; the user's own goes before it", async () => {
  const folder = await Deno.makeTempDir();
  const server = serveFiles();
  const none = { get: () => undefined };
  const address = `${server.url}/latest.pub`;
  const get = (env: { get(name: string): string | undefined } = none) =>
    signingKey(`${folder}/mcp/key.pub`, env, signal, address);
  server.files.set("/latest.pub", { body: "<html>" });
  await rejects(get(), /is no public key/);
  server.files.set("/latest.pub", { body: pem(docker.publicKey) });
  strictEqual(await get(), pem(docker.publicKey));
  server.files.set("/latest.pub", { body: pem(other.publicKey) });
  strictEqual(await get(), pem(docker.publicKey));
  await Deno.writeTextFile(`${folder}/own.pub`, pem(other.publicKey));
  strictEqual(await get({ get: () => `${folder}/own.pub` }), pem(other.publicKey));
  await server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});
