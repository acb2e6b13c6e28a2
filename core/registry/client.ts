/**
 * Reads from OCI registries, and puts small things there: manifests by tag or digest, blobs. Specification:
 * opencontainers/distribution-spec 1.1 and Docker's token authentication.
 */
import { createHash } from "node:crypto";
import { SkiffError } from "../errors/skiff_error.ts";
import type { RemoteRange } from "../http/download.ts";
import { bodyJson, bodyPieces, expectOk, request, type RequestOptions } from "../http/request.ts";
import type { Credential } from "./credentials.ts";

export interface RepositoryName {
  /** "docker.io", "ghcr.io", "localhost:5000". */
  registry: string;
  /** "ai/smollm2" */
  repository: string;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

export interface Manifest {
  schemaVersion: number;
  mediaType?: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

export interface FetchedManifest {
  /** sha256 of `bytes`, "sha256:<hex>". */
  digest: string;
  bytes: Uint8Array<ArrayBuffer>;
  manifest: Manifest;
}

export interface RegistrySettings {
  credential?: Credential;
  /** Sent as it is, in place of the token exchange. */
  bearerToken?: string;
  /** Plain HTTP; always so for loopback addresses. */
  insecure?: boolean;
  request?: Pick<RequestOptions, "signal" | "timeoutMs" | "retryDelaysMs" | "onRetry">;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const dockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
const indexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

interface IndexEntry extends Descriptor {
  platform?: { os?: string; architecture?: string };
}

const largestManifest = 4 * 1024 * 1024;

/** A client of one repository. */
export class RegistryClient {
  readonly #base: string;
  #authorization: Promise<string | undefined> | undefined;

  constructor(readonly name: RepositoryName, readonly settings: RegistrySettings = {}) {
    const host = name.registry === "docker.io" ? "registry-1.docker.io" : name.registry;
    const scheme = settings.insecure || isLoopback(host) ? "http" : "https";
    this.#base = `${scheme}://${host}/v2/${name.repository}`;
  }

  /**
   * The manifest behind a tag or "sha256:…" digest. Throws "not_found", "unauthorized", "network"; "corrupt"
   * when it has another digest than asked for; "unsupported" for an index of several platforms.
   */
  async manifest(reference: string): Promise<FetchedManifest> {
    const what = `${this.name.registry}/${this.name.repository}:${reference}`;
    const accept = `${manifestType}, ${dockerManifestType}`;
    const response = await expectOk(
      await this.#get(`${this.#base}/manifests/${reference}`, { accept }),
      what,
    );
    const bytes = await readAtMost(response, `${this.#base}/manifests`, largestManifest, what);
    const digest = sha256Digest(bytes);
    if (reference.startsWith("sha256:") && digest !== reference) throw wrongDigest(what, reference, digest);
    let manifest: Manifest;
    try {
      manifest = JSON.parse(new TextDecoder().decode(bytes));
    } catch (error) {
      throw new SkiffError("corrupt", `Cannot read the manifest of ${what}: it is no JSON`, { cause: error });
    }
    if (!isManifest(manifest)) {
      throw new SkiffError("unsupported", `Cannot use ${what}: it is no manifest of a single artifact`, {
        hint: "Is it a model? Container images cannot be run as models.",
      });
    }
    return { digest, bytes, manifest };
  }

  /**
   * The manifest of a container image; behind an index that of a platform ("linux", "amd64"). `digest` is what a
   * reference pins: the index's, where there is one. Throws as `manifest` does, "unsupported" for no such platform.
   */
  async imageManifest(
    reference: string,
    { os, architecture }: { os: string; architecture: string },
  ): Promise<FetchedManifest> {
    const what = `${this.name.registry}/${this.name.repository}:${reference}`;
    const accept = [manifestType, dockerManifestType, ...indexTypes].join(", ");
    const response = await expectOk(
      await this.#get(`${this.#base}/manifests/${reference}`, { accept }),
      what,
    );
    const bytes = await readAtMost(response, `${this.#base}/manifests`, largestManifest, what);
    const digest = sha256Digest(bytes);
    if (reference.startsWith("sha256:") && digest !== reference) throw wrongDigest(what, reference, digest);
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Manifest & { manifests?: IndexEntry[] };
    if (!Array.isArray(value.manifests)) return { ...await this.manifest(digest), digest };
    const fitting = value.manifests.find(({ platform }) =>
      platform?.os === os && platform.architecture === architecture
    );
    if (!fitting) throw new SkiffError("unsupported", `${what} has no image for ${os}/${architecture}`);
    return { ...await this.manifest(fitting.digest), digest };
  }

  /** A small blob (a config) in memory, verified. Throws as `manifest` does. */
  async blob({ digest, size }: Descriptor): Promise<Uint8Array<ArrayBuffer>> {
    const what = `${this.name.registry}/${this.name.repository}@${digest}`;
    const response = await expectOk(await this.#get(`${this.#base}/blobs/${digest}`, {}), what);
    const bytes = await readAtMost(response, `${this.#base}/blobs`, size, what);
    const found = sha256Digest(bytes);
    if (found !== digest) throw wrongDigest(what, digest, found);
    return bytes;
  }

  /** Puts a small blob there, unless the repository has it; what a manifest says of it. */
  async putBlob(bytes: Uint8Array<ArrayBuffer>, mediaType: string): Promise<Descriptor> {
    const digest = sha256Digest(bytes);
    const what = `${this.name.registry}/${this.name.repository}@${digest}`;
    const present = await this.#send(`${this.#base}/blobs/${digest}`, { method: "HEAD" });
    await present.body?.cancel();
    if (!present.ok) {
      const begun = await expectOk(
        await this.#send(`${this.#base}/blobs/uploads/`, { method: "POST" }),
        what,
      );
      await begun.body?.cancel();
      const place = new URL(begun.headers.get("location") ?? "", begun.url || `${this.#base}/`);
      place.searchParams.set("digest", digest);
      const headers = { "content-type": "application/octet-stream" };
      const done = await expectOk(
        await this.#send(place.href, { method: "PUT", headers, body: bytes }),
        what,
      );
      await done.body?.cancel();
    }
    return { mediaType, digest, size: bytes.length };
  }

  /** Puts a manifest there under a tag; its digest. What it names must be there already. */
  async putManifest(tag: string, manifest: Manifest): Promise<string> {
    const what = `${this.name.registry}/${this.name.repository}:${tag}`;
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const headers = { "content-type": manifest.mediaType ?? manifestType };
    const url = `${this.#base}/manifests/${tag}`;
    const done = await expectOk(await this.#send(url, { method: "PUT", headers, body: bytes }), what);
    await done.body?.cancel();
    return sha256Digest(bytes);
  }

  /** Where and how a blob is downloaded (core/http/download.ts). */
  blobRange({ digest, size }: Descriptor): RemoteRange {
    return {
      url: `${this.#base}/blobs/${digest}`,
      from: 0,
      to: size,
      identity: digest,
      headers: async (renew) => {
        if (renew) await this.#challenge(`${this.#base}/blobs/${digest}`);
        return await this.#headers();
      },
    };
  }

  async #headers(): Promise<Record<string, string>> {
    const authorization = await this.#authorization;
    return authorization ? { authorization } : {};
  }

  async #get(url: string, headers: Record<string, string>): Promise<Response> {
    return await this.#send(url, { headers });
  }

  async #send(url: string, options: Pick<RequestOptions, "method" | "headers" | "body">): Promise<Response> {
    const own = new URL(url).host === new URL(this.#base).host; // uploads may go to a storage elsewhere
    const send = async () =>
      await request(url, {
        ...this.settings.request,
        ...options,
        headers: { ...options.headers, ...(own ? await this.#headers() : {}) },
      });
    const response = await send();
    if (response.status !== 401) return response;
    await response.body?.cancel();
    this.#authorization = this.#authorize(response.headers.get("www-authenticate") ?? "");
    return await send();
  }

  /** Asks the registry anew what it wants, after a token has run out. */
  async #challenge(url: string): Promise<void> {
    const response = await request(url, { ...this.settings.request, method: "HEAD" });
    await response.body?.cancel();
    if (response.status === 401) {
      this.#authorization = this.#authorize(response.headers.get("www-authenticate") ?? "");
    }
  }

  async #authorize(challenge: string): Promise<string | undefined> {
    const { credential, bearerToken } = this.settings;
    if (bearerToken) return `Bearer ${bearerToken}`;
    if (/^basic/i.test(challenge)) return credential ? basic(credential) : undefined;
    const field = (key: string) => new RegExp(`${key}="([^"]*)"`, "i").exec(challenge)?.[1];
    const realm = field("realm");
    if (!/^bearer/i.test(challenge) || !realm) return undefined;
    const scope = field("scope") ?? `repository:${this.name.repository}:pull`;
    const answer = await this.#requestToken(new URL(realm), field("service"), scope);
    await expectOk(answer, `a token for ${this.name.repository}`);
    const { token, access_token } = await bodyJson(answer, realm, this.settings.request?.signal);
    return `Bearer ${token ?? access_token}`;
  }

  async #requestToken(realm: URL, service: string | undefined, scope: string): Promise<Response> {
    const { credential } = this.settings;
    const fields = { ...(service ? { service } : {}), scope };
    if (credential?.identityToken) {
      const form = {
        ...fields,
        grant_type: "refresh_token",
        client_id: "skiff",
        refresh_token: credential.identityToken,
      };
      return await request(realm, {
        ...this.settings.request,
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(form).toString(),
      });
    }
    for (const [key, value] of Object.entries(fields)) realm.searchParams.set(key, value);
    const headers: Record<string, string> = credential ? { authorization: basic(credential) } : {};
    return await request(realm, { ...this.settings.request, headers });
  }
}

function isManifest(value: Manifest): boolean {
  const isDescriptor = (d: Descriptor) =>
    /^sha256:[0-9a-f]{64}$/.test(d?.digest) && Number.isSafeInteger(d.size) && d.size >= 0 &&
    typeof d.mediaType === "string";
  return isDescriptor(value?.config) && Array.isArray(value.layers) && value.layers.every(isDescriptor);
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

function basic({ username, password }: Credential): string {
  return `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
}

async function readAtMost(
  response: Response,
  url: string,
  limit: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of bodyPieces(response, url)) {
    pieces.push(piece);
    size += piece.length;
    if (size > limit) {
      throw new SkiffError("corrupt", `Cannot read ${what}: it is larger than ${limit} bytes`);
    }
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** "sha256:<hex>" */
export function sha256Digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function wrongDigest(what: string, wanted: string, found: string): SkiffError {
  return new SkiffError("corrupt", `Cannot use ${what}: its content has digest ${found}`, {
    details: { expected: wanted, found },
  });
}
