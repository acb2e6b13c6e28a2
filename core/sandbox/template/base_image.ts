/** Images that templates start from: found, or pulled. */
import type { Docker } from "../../docker/docker.ts";
import { inspectImage, pullImage } from "../../docker/images.ts";
import type { ImageInspect } from "../../docker/types/image.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import { packageArch } from "./agent_package.ts";
import { note, PullProgress, type ShowProgress } from "./progress.ts";
import type { BaseImage } from "./recipe.ts";

export type PullPolicy = "always" | "missing" | "never";

export interface FindImageOptions {
  pull?: PullPolicy;
  onProgress?: ShowProgress;
  signal?: AbortSignal;
}

/** What a template is built on when nothing else is said. */
export const defaultBase = "debian:bookworm-slim";

/** The image of that name, pulled as the policy says. Throws "not_found" with `never`, else the pull's error. */
export async function findImage(
  docker: Docker,
  reference: string,
  { pull = "missing", onProgress, signal }: FindImageOptions = {},
): Promise<ImageInspect> {
  const local = pull === "always" ? undefined : await inspectImage(docker, reference, { signal });
  if (local) return local;
  if (pull === "never") {
    throw new SkiffError("not_found", `The image ${reference} is not there`, {
      hint: `Pull it, or allow it with --pull-template missing.`,
    });
  }
  onProgress?.(note(`Pulling ${reference}`));
  const progress = new PullProgress(onProgress ?? (() => {}));
  for await (const message of pullImage(docker, reference, { signal })) progress.push(message);
  const pulled = await inspectImage(docker, reference, { signal });
  if (pulled) return pulled;
  throw new SkiffError("not_found", `The Docker Engine pulled ${reference} and does not have it`);
}

/** The base of a recipe. Throws "unsupported" for a processor that no agent is published for. */
export async function findBase(
  docker: Docker,
  reference: string,
  options: FindImageOptions = {},
): Promise<BaseImage> {
  const image = await findImage(docker, reference, options).catch((error) => {
    if (!(error instanceof SkiffError) || error.code === "interrupted") throw error;
    throw new SkiffError(error.code, `Cannot get the base image ${reference}: ${error.message}`, {
      hint: "Name an image that the Engine has, like Debian or Ubuntu: --base IMAGE, or SKIFF_SANDBOX_BASE.",
      cause: error,
    });
  });
  const arch = packageArch(image.Architecture);
  if (image.Os !== "linux" || !arch) {
    throw new SkiffError(
      "unsupported",
      `Cannot build on ${reference}: it is for ${image.Os}/${image.Architecture}`,
      { hint: "Agents are published for linux/amd64 and linux/arm64." },
    );
  }
  return { reference, id: image.Id, arch, environment: image.Config?.Env ?? [] };
}
