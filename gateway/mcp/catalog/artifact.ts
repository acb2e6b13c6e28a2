/**
 * Catalogs and profiles in OCI registries: a manifest with an empty config, the kind as its artifact type, and
 * one layer of JSON, as Docker's toolkit pushes them.
 */
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type Manifest, manifestType, RegistryClient, sha256Digest } from "../../../core/registry/client.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import type { Environment } from "../configuration/toolkit_files.ts";

export const catalogArtifact = "application/vnd.docker.mcp.catalog.v1+json";
export const profileArtifact = "application/vnd.docker.mcp.profile.v1+json";
/** A server of a community registry beside its image. */
export const serverArtifact = "application/vnd.docker.mcp.server";

const contentType = "application/json";
const emptyType = "application/vnd.oci.empty.v1+json";
const names: Record<string, string> = {
  [catalogArtifact]: "catalog",
  [profileArtifact]: "profile",
  [serverArtifact]: "MCP server",
};
const largest = 64 * 1024 * 1024;

interface Artifact {
  type: string;
  value: unknown;
}

/** Puts a value there; the digest of its manifest, which is the same for the same value. Throws "unauthorized", "network". */
export async function pushArtifact(reference: string, artifact: Artifact, env: Environment): Promise<string> {
  const { client, tag } = await open(reference, env);
  const { content, config, manifest } = parts(artifact);
  await client.putBlob(config, emptyType);
  await client.putBlob(content, contentType);
  return await client.putManifest(tag, manifest);
}

/** The digest that a value has in a registry. */
export function artifactDigest(artifact: Artifact): string {
  return sha256Digest(new TextEncoder().encode(JSON.stringify(parts(artifact).manifest)));
}

function parts({ type, value }: Artifact) {
  const encoder = new TextEncoder();
  const [config, content] = [encoder.encode("{}"), encoder.encode(JSON.stringify(value))];
  const described = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: sha256Digest(bytes),
    size: bytes.length,
  });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: type,
    config: described(emptyType, config),
    layers: [described(contentType, content)],
  };
  return { config, content, manifest };
}

/** The value there. Throws "not_found", "unauthorized", "network", and "invalid_input" for another kind of artifact. */
export async function pullArtifact(
  reference: string,
  type: string,
  env: Environment,
): Promise<Record<string, unknown>> {
  const { client, tag } = await open(reference, env);
  const { manifest } = await client.manifest(tag);
  const [layer] = manifest.layers;
  const kind = manifest.artifactType ?? manifest.config.mediaType;
  if (kind !== type || manifest.layers.length !== 1 || layer.size > largest) {
    throw new SkiffError(
      "invalid_input",
      `${reference} is no ${names[type]}`,
      {
        hint: `It is of the type ${kind}.`,
      },
    );
  }
  const text = new TextDecoder().decode(await client.blob(layer));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SkiffError("corrupt", `What is in ${reference} is no JSON`, { cause });
  }
}

async function open(reference: string, env: Environment): Promise<{ client: RegistryClient; tag: string }> {
  const { registry, repository, tag, digest } = parseImageReference(reference);
  const credential = await findCredential(registry, env);
  return {
    client: new RegistryClient({ registry, repository }, { credential }),
    tag: digest ?? tag ?? "latest",
  };
}
