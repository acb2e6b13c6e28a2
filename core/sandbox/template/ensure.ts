/** The image that a sandbox is made of: the user's, the published one, or one built here. */
import type { Docker } from "../../docker/docker.ts";
import { inspectImage } from "../../docker/images.ts";
import type { ImageInspect } from "../../docker/types/image.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Agent } from "../agents/agent.ts";
import { findBase, findImage } from "./base_image.ts";
import { buildTemplate, type BuildTemplateOptions } from "./build.ts";
import { readTemplateLabels } from "./labels.ts";
import { note } from "./progress.ts";
import { makeRecipe } from "./recipe.ts";

export interface EnsureTemplateOptions extends Omit<BuildTemplateOptions, "tags" | "force"> {
  /** `--template`: taken as it is. */
  image?: string;
}

export interface Template {
  reference: string;
  id: string;
  /** Whether skiff built it. */
  built: boolean;
}

/**
 * The template for an agent. Without `image`: what the Engine has under the published name; else that is
 * pulled; when it cannot be, it is built, which one line says. With `base` it is built at once. A template that
 * an older skiff built is renewed on its own base. Throws as `findImage` and `buildTemplate` do.
 */
export async function ensureTemplate(
  docker: Docker,
  agent: Agent,
  options: EnsureTemplateOptions,
): Promise<Template> {
  const { image, pull = "missing" } = options;
  if (image) return taken(image, await findUserImage(docker, image, options));
  if (options.base) return await built(docker, agent, options);
  const local = await inspectImage(docker, agent.template, { signal: options.signal });
  if (local && pull !== "always") {
    return await renewed(docker, agent, local, options) ?? taken(agent.template, local);
  }
  if (pull === "never") return await built(docker, agent, options);
  try {
    return taken(agent.template, await findImage(docker, agent.template, { ...options, pull: "always" }));
  } catch (error) {
    if (!(error instanceof SkiffError) || error.code === "interrupted" || error.code === "disk_full") {
      throw error;
    }
    options.onProgress?.(
      note(`Cannot pull ${agent.template} (${reasonOf(error)}); building it here`),
    );
  }
  if (local) return await renewed(docker, agent, local, options) ?? taken(agent.template, local);
  return await built(docker, agent, options);
}

async function findUserImage(docker: Docker, image: string, options: EnsureTemplateOptions) {
  try {
    return await findImage(docker, image, options);
  } catch (error) {
    if (!(error instanceof SkiffError) || error.code === "interrupted") throw error;
    throw new SkiffError(error.code, `Cannot get the template ${image}: ${firstLine(error.message)}`, {
      hint: error.hint ?? "`skiff sandbox template ls` lists those that are here.",
      cause: error,
    });
  }
}

/** A template of ours whose recipe has changed is built anew; undefined when it may stay as it is. */
async function renewed(
  docker: Docker,
  agent: Agent,
  local: ImageInspect,
  options: EnsureTemplateOptions,
): Promise<Template | undefined> {
  const facts = readTemplateLabels(local.Config?.Labels);
  if (!facts?.digest) return undefined;
  const base = await findBase(docker, facts.base, { pull: "never", signal: options.signal }).catch(() =>
    undefined
  );
  if (!base || makeRecipe(agent, base).digest === facts.digest) return undefined;
  return await built(docker, agent, { ...options, base: facts.base, pull: "never" });
}

async function built(docker: Docker, agent: Agent, options: EnsureTemplateOptions): Promise<Template> {
  const { reference, id } = await buildTemplate(docker, agent, options);
  return { reference, id, built: true };
}

function taken(reference: string, image: ImageInspect): Template {
  return { reference, id: image.Id, built: readTemplateLabels(image.Config?.Labels) !== undefined };
}

/** Of "Docker Engine: Get https://…: dial tcp: lookup registry: no such host" the end says what is the matter. */
function reasonOf({ message }: SkiffError): string {
  return firstLine(message).split(": ").at(-1)!;
}

function firstLine(text: string): string {
  return text.split("\n")[0].replace(/\.$/, "");
}
