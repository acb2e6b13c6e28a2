/**
 * Catalogs and profiles in OCI registries: a manifest with an empty config, the kind as its artifact type, and
 * one layer of JSON, as Docker's toolkit pushes them.
 */
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type Manifest, manifestType, RegistryClient } from "../../../core/registry/client.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import type { Environment } from "../configuration/toolkit_files.ts";

export const catalogArtifact = "application/vnd.docker.mcp.catalog.v1+json";
export const profileArtifact = "application/vnd.docker.mcp.profile.v1+json";

const emptyType = "application/vnd.oci.empty.v1+json";
const largest = 64 * 1024 * 1024;

/** Puts a value there; the digest of its manifest. Throws "unauthorized", "network". */
export async function pushArtifact(
  reference: string,
  { type, value }: { type: string; value: unknown },
  env: Environment,
): Promise<string> {
  const { client, tag } = await open(reference, env);
  const encoder = new TextEncoder();
  const config = await client.putBlob(encoder.encode("{}"), emptyType);
  const layer = await client.putBlob(encoder.encode(JSON.stringify(value)), type);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: type,
    config,
    layers: [layer],
    annotations: { "org.opencontainers.image.created": new Date().toISOString() },
  };
  return await client.putManifest(tag, manifest);
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
      `${reference} is no ${type.includes("catalog") ? "catalog" : "profile"}`,
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
