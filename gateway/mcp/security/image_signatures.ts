/**
 * Signatures of the images of Docker's MCP catalog, as cosign makes them: a manifest `sha256-<hex>.sig` whose
 * layers are signed statements about the image's digest, each with Rekor's promise to have logged it.
 * Formats: sigstore/cosign specs/SIGNATURE_SPEC.md, sigstore/rekor hashedrekord v0.0.1.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { RegistryClient, type RegistrySettings } from "../../../core/registry/client.ts";
import type { Descriptor, RepositoryName } from "../../../core/registry/client.ts";
import type { VerifiedImages } from "./verified_images.ts";

/** Rekor's public instance, as its trust root publishes it. */
export const rekorPublicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwr
kBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==
-----END PUBLIC KEY-----`;

export interface SignatureRules {
  /** Which images must be signed; others pass. Default docker.io/mcp/*. */
  registry?: string;
  namespace?: string;
  /** The signer's keys, PEM; one of them must have signed. Asked for when an image is verified. */
  keys(): Promise<string[]>;
  /** PEM. Default Rekor's public instance. */
  rekorKey?: string;
  /** Log-in and the like for the registry. */
  settings?(registry: string): Promise<RegistrySettings>;
  /** Keeps what was verified for the next gateway. */
  memory?: VerifiedImages;
}

const signatureAnnotation = "dev.cosignproject.cosign/signature";
const bundleAnnotation = "dev.sigstore.cosign/bundle";

interface Keys {
  signers: KeyObject[];
  rekor: KeyObject;
}

/** Verifies images; a digest that was right is not asked about again, with the same keys. */
export class SignatureVerifier {
  readonly #rules: SignatureRules;
  readonly #right = new Set<string>();

  constructor(rules: SignatureRules) {
    this.#rules = rules;
  }

  /** Whether an image of this name must be signed. */
  covers(image: string): boolean {
    const { registry = "docker.io", namespace = "mcp" } = this.#rules;
    const name = parseImageReference(image);
    return name.registry === registry && name.repository.startsWith(`${namespace}/`);
  }

  /**
   * The name with the digest that was verified. Throws "forbidden" when the image is not signed by the key; "network"
   * when that cannot be found out. `repoDigests` are the Engine's, for an image that is named without digest.
   */
  async verify(image: string, signal: AbortSignal, repoDigests: string[] = []): Promise<string> {
    if (!this.covers(image)) return image;
    const name = parseImageReference(image);
    const candidates = name.digest === undefined ? digestsOf(repoDigests, name) : [image];
    let problem: unknown = refused(
      image,
      "it has no digest of a registry: it was built or loaded here, and nobody signed it",
    );
    for (const candidate of candidates) {
      try {
        await this.#verifyOne(image, parseImageReference(candidate), signal);
        return candidate;
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  async #verifyOne(
    image: string,
    name: RepositoryName & { digest?: string },
    signal: AbortSignal,
  ): Promise<void> {
    const digest = name.digest!;
    if (this.#right.has(digest)) return;
    const { memory, keys, rekorKey = rekorPublicKey } = this.#rules;
    const signers = await keys();
    const proof = proofName(name.registry, digest, [...signers, rekorKey]);
    if (!await memory?.has(proof)) {
      const created = {
        signers: signers.map((key) => createPublicKey(key)),
        rekor: createPublicKey(rekorKey),
      };
      await this.#verifyDigest(image, { registry: name.registry, digest }, created, signal);
      await memory?.add(proof);
    }
    this.#right.add(digest);
  }

  async #verifyDigest(
    image: string,
    { registry, digest }: { registry: string; digest: string },
    keys: Keys,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace = "mcp" } = this.#rules;
    const settings = await this.#rules.settings?.(registry) ?? {};
    const repository = { registry, repository: `${namespace}/signatures` };
    const client = new RegistryClient(repository, { ...settings, request: { ...settings.request, signal } });
    const layers = await signatureLayers(client, digest, image);
    const reasons: string[] = [];
    for (const layer of layers) {
      const reason = wrongWith(layer, await client.blob(layer), digest, keys);
      if (reason === undefined) return;
      reasons.push(reason);
    }
    throw refused(image, reasons[0] ?? "its list of signatures is empty");
  }
}

/** Stands for: this digest was signed by one of these keys. */
function proofName(registry: string, digest: string, keys: string[]): string {
  const hash = createHash("sha256");
  for (const text of [registry, digest, ...keys]) hash.update(`${text.trim()}\n`);
  return hash.digest("hex");
}

/** Those of this repository among "repository@sha256:…" names: all are the same image, by several lists perhaps. */
function digestsOf(repoDigests: string[], wanted: RepositoryName): string[] {
  return repoDigests.filter((text) => {
    const { registry, repository } = parseImageReference(text);
    return registry === wanted.registry && repository === wanted.repository;
  });
}

async function signatureLayers(client: RegistryClient, digest: string, image: string): Promise<Descriptor[]> {
  try {
    return (await client.manifest(`${digest.replace(":", "-")}.sig`)).manifest.layers;
  } catch (error) {
    if (error instanceof SkiffError && error.code === "not_found") {
      throw refused(image, "there is no signature for it");
    }
    throw error;
  }
}

/** What is wrong with one signature; undefined when it is right. */
function wrongWith(
  { annotations = {} }: Descriptor,
  payload: Uint8Array,
  digest: string,
  keys: Keys,
): string | undefined {
  const signature = annotations[signatureAnnotation];
  if (!signature) return "its signature is missing";
  if (!keys.signers.some((key) => isSignedBy(key, payload, signature))) {
    return "its signature is not of the expected key";
  }
  const statement = jsonOf(new TextDecoder().decode(payload));
  if (statement?.critical?.image?.["docker-manifest-digest"] !== digest) {
    return "its signature is for another image";
  }
  return wrongWithBundle(jsonOf(annotations[bundleAnnotation] ?? ""), payload, signature, keys.rekor);
}

/** Rekor's promise (signed entry timestamp) is over the canonical JSON of these four fields. */
function wrongWithBundle(
  bundle: any,
  payload: Uint8Array,
  signature: string,
  rekor: KeyObject,
): string | undefined {
  if (!bundle?.Payload) return "its signature is in no transparency log";
  const { body, integratedTime, logID, logIndex } = bundle.Payload;
  const canonical = new TextEncoder().encode(JSON.stringify({ body, integratedTime, logID, logIndex }));
  if (!isSignedBy(rekor, canonical, String(bundle.SignedEntryTimestamp))) {
    return "the transparency log's promise is not of its key";
  }
  const entry = jsonOf(new TextDecoder().decode(bytesOf(String(body))));
  const hash = createHash("sha256").update(payload).digest("hex");
  if (entry?.spec?.data?.hash?.value !== hash || entry?.spec?.signature?.content !== signature) {
    return "the transparency log's entry is for another signature";
  }
  return undefined;
}

function isSignedBy(key: KeyObject, data: Uint8Array, signature: string): boolean {
  try {
    return verify("sha256", data, key, bytesOf(signature));
  } catch {
    return false;
  }
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function jsonOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(image: string, reason: string): SkiffError {
  return new SkiffError("forbidden", `The image ${image} is not trusted: ${reason}`, {
    hint:
      "Use an image of Docker's catalog as it is listed, or give --verify-signatures=false to take the risk.",
  });
}
