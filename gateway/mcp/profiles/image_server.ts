/** Servers that are described where their image is: by a label of it, or by an artifact beside it. */
import { openDocker } from "../../../core/docker/docker.ts";
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { inspectImage } from "../../../core/docker/images.ts";
import { SkiffError, toSkiffError } from "../../../core/errors/skiff_error.ts";
import { RegistryClient } from "../../../core/registry/client.ts";
import { findCredential } from "../../../core/registry/credentials.ts";
import { pullArtifact, serverArtifact } from "../catalog/artifact.ts";
import { catalogValue, parseServer } from "../catalog/catalog_text.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";

/** The label under which an image carries its own entry, as YAML. */
const metadataLabel = "io.docker.server.metadata";

type Labels = Record<string, string> | null | undefined;

/**
 * The entry that an image carries in a label: the Engine's image, or one of a registry, which is then pinned to
 * its digest and not pulled. Throws "not_found", "invalid_input", "unauthorized", "network".
 */
export async function ofImage(image: string, { env }: CatalogPlace): Promise<ServerEntry> {
  const local = await labelsOnEngine(image, env);
  const { labels, pinned } = local
    ? { labels: local.labels, pinned: image }
    : await labelsInRegistry(image, env);
  const label = labels?.[metadataLabel];
  if (!label) {
    throw new SkiffError("invalid_input", `The image ${image} does not describe an MCP server`, {
      hint: `It needs the label ${metadataLabel} with the server's entry.`,
    });
  }
  const name = image.replace(/@.*$/, "").replace(/:[^/]*$/, "").split("/").at(-1)!;
  return withImage(label, name, pinned);
}

/** Undefined when there is no Engine, or it does not have the image. */
async function labelsOnEngine(
  image: string,
  env: CatalogPlace["env"],
): Promise<{ labels: Labels } | undefined> {
  try {
    const docker = await openDocker({ env });
    try {
      const found = await inspectImage(docker, image);
      return found && { labels: found.Config?.Labels };
    } finally {
      docker.close();
    }
  } catch (error) {
    if (["unavailable", "forbidden"].includes(toSkiffError(error).code)) return undefined;
    throw error;
  }
}

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

async function labelsInRegistry(
  image: string,
  env: CatalogPlace["env"],
): Promise<{ labels: Labels; pinned: string }> {
  const { registry, repository, tag, digest: asked, name } = parseImageReference(image);
  const client = new RegistryClient({ registry, repository }, {
    credential: await findCredential(registry, env),
  });
  const platform = { os: "linux", architecture: architectures[Deno.build.arch] };
  const { manifest, digest } = await client.imageManifest(asked ?? tag ?? "latest", platform);
  const config = JSON.parse(new TextDecoder().decode(await client.blob(manifest.config)));
  return { labels: config?.config?.Labels, pinned: `${name}${tag ? `:${tag}` : ""}@${digest}` };
}

/** An entry in a label need not say its own name and image. */
function withImage(label: string, name: string, image: string): ServerEntry {
  const text = JSON.stringify({ name, image, ...catalogValue(label, image) });
  const entry = parseServer(text, undefined, image);
  if (entry.type !== undefined && entry.type !== "server") {
    throw new SkiffError("invalid_input", `The image ${image} describes a server of the type ${entry.type}`, {
      hint: "An image can only describe the server that is in it.",
    });
  }
  return { ...entry, image };
}

/** What an artifact of a registry says of a server (`{"registry": [{"server": …}]}`). Throws as `pullArtifact`. */
export async function ofArtifact(
  reference: string,
  { env }: CatalogPlace,
): Promise<Record<string, unknown>> {
  return await pullArtifact(reference, serverArtifact, env);
}
