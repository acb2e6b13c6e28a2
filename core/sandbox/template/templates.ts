/** The templates that the Engine has; saving a sandbox as one; removing one. */
import { writeTar } from "../../archive/tar_writer.ts";
import { buildImage } from "../../docker/build.ts";
import { commitContainer, inspectContainer } from "../../docker/containers.ts";
import type { Docker } from "../../docker/docker.ts";
import { familiarName, parseImageReference } from "../../docker/image_reference.ts";
import { inspectImage, listImages, removeImage, tagImage } from "../../docker/images.ts";
import type { ImageSummary } from "../../docker/types/image.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import { agents } from "../agents/mod.ts";
import { readTemplateLabels, templateLabel, templateLabels } from "./labels.ts";

export interface TemplateSummary {
  /** "docker/sandbox-templates:codex"; the id when it has no name. */
  reference: string;
  /** "sha256:…" */
  id: string;
  /** The agent's word; empty when nobody said. */
  agent: string;
  /** Of the agent's program, where it is known. */
  version: string;
  /** "pulled", "built" here, or "saved" from a sandbox. */
  source: "pulled" | "built" | "saved";
  base: string;
  /** Seconds since 1970. */
  created: number;
  /** Bytes, shared layers included. */
  size: number;
}

/** Published ones that were pulled, built and saved ones; the newest first. */
export async function listTemplates(docker: Docker, signal?: AbortSignal): Promise<TemplateSummary[]> {
  const published = new Map(agents.map(({ name, template }) => [template, name]));
  const names = [...new Set([...published.keys()].map((template) => parseImageReference(template).name))];
  const [own, pulled] = await Promise.all([
    listImages(docker, { filters: { label: [templateLabel] }, signal }),
    listImages(docker, { filters: { reference: names }, signal }),
  ]);
  const images = new Map([...pulled, ...own].map((image) => [image.Id, image]));
  return [...images.values()]
    .flatMap((image) => summaries(image, published))
    .sort((a, b) => b.created - a.created || (a.reference < b.reference ? -1 : 1));
}

/** One row for each name. */
function summaries(image: ImageSummary, published: Map<string, string>): TemplateSummary[] {
  const facts = readTemplateLabels(image.Labels);
  const source = facts === undefined
    ? "pulled"
    : image.Labels![templateLabel] === "saved"
    ? "saved"
    : "built";
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== "<none>:<none>").map(familiarName);
  return (tags.length > 0 ? tags : [image.Id]).map((reference) => ({
    reference,
    id: image.Id,
    agent: facts?.agent ?? published.get(reference) ?? "",
    version: facts?.version ?? "",
    source,
    base: facts?.base ?? "",
    created: image.Created,
    size: image.Size,
  }));
}

/**
 * Keeps what a sandbox's container has beyond its image, as the image `tag`. Volumes and mounts are not in it,
 * the credentials neither. `agent` is the sandbox's. Gives the image's id.
 */
export async function saveTemplate(
  docker: Docker,
  container: string,
  { tag, agent, signal }: { tag: string; agent: string; signal?: AbortSignal },
): Promise<string> {
  if (parseImageReference(tag).digest) throw new SkiffError("usage", `${tag} is no name for a new image`);
  const { Image, Config } = await inspectContainer(docker, container, { signal });
  const below = await inspectImage(docker, Image, { signal });
  const facts = readTemplateLabels(below?.Config?.Labels);
  const labels = templateLabels({
    agent,
    version: facts?.version ?? "",
    base: Config.Labels?.["skiff.sandbox.template"] || Config.Image || "",
  });
  const changes = [
    // The container was made with mounts, a keep-alive command and labels of its own that shall not be inherited.
    "ENTRYPOINT []",
    'CMD ["/bin/bash"]',
    `WORKDIR ${below?.Config?.WorkingDir || "/"}`,
    ...Object.entries(labels).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`),
    ...Object.keys(Config.Labels ?? {}).filter((key) => key.startsWith("skiff.sandbox")).map((key) =>
      `LABEL ${key}=""`
    ),
    ...ownVariables(Config.Env ?? [], below?.Config?.Env ?? []).map((name) => `ENV ${name}=""`),
  ];
  const committed = await commitContainer(docker, container, { changes, pause: true, signal });
  const id = await withoutOrigin(docker, committed, signal);
  await tagImage(docker, id, { target: tag, signal });
  return id;
}

/**
 * Older Engines keep the committed container's whole configuration in the image, the values of variables
 * included. An image on top of it has only what the changes left.
 */
async function withoutOrigin(docker: Docker, id: string, signal?: AbortSignal): Promise<string> {
  const image = await inspectImage(docker, id, { signal });
  if (image === undefined || !("ContainerConfig" in image)) return id;
  const dockerfile = { name: "Dockerfile", content: `FROM ${id}\nLABEL ${templateLabel}=saved\n` };
  let built = id;
  for await (const { aux } of buildImage(docker, writeTar([dockerfile]), { forceRemove: true, signal })) {
    built = aux?.ID ?? built;
  }
  return built;
}

/** Variables that the sandbox was given, the user's secrets among them: the Engine would keep their values. */
function ownVariables(own: string[], image: string[]): string[] {
  return own.filter((line) => !image.includes(line)).map((line) => line.slice(0, line.indexOf("=")))
    .filter((name) => /^[A-Za-z_]\w*$/.test(name) && name !== "PATH");
}

/** Takes the name away, and the image with its last one. Throws "not_found", also for images that are no templates. */
export async function removeTemplate(
  docker: Docker,
  reference: string,
  { force, signal }: { force?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const image = await inspectImage(docker, reference, { signal });
  const isPublished = agents.some(({ template }) => template === reference);
  if (!image || !(isPublished || readTemplateLabels(image.Config?.Labels))) {
    throw new SkiffError("not_found", `There is no template ${reference}`, {
      hint: "`skiff sandbox template ls` lists them.",
    });
  }
  await removeImage(docker, reference, { force, signal });
}
