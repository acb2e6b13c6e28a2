/** Builds the template of an agent on a base image, with the Engine's classic builder, which all Engines have. */
import { buildImage } from "../../docker/build.ts";
import type { Docker } from "../../docker/docker.ts";
import { inspectImage, listImages, tagImage } from "../../docker/images.ts";
import { type ErrorCode, SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import type { Agent } from "../agents/agent.ts";
import { defaultBase, findBase, type PullPolicy } from "./base_image.ts";
import { buildContext } from "./build_context.ts";
import { readTemplateLabels, recipeLabel } from "./labels.ts";
import { fetchPackage } from "./package_cache.ts";
import { note, type ShowProgress } from "./progress.ts";
import { makeRecipe, type Recipe } from "./recipe.ts";

type Environment = { get(name: string): string | undefined };

export interface BuildTemplateOptions {
  /** Any image like Debian. Default: SKIFF_SANDBOX_BASE, else Debian's slim image. */
  base?: string;
  /** Names of the result. Default: the agent's published name, unless a pulled image has it. */
  tags?: string[];
  /** For the base. */
  pull?: PullPolicy;
  /** The build's network: "none" when the base has all that is needed. Default: the Engine's. */
  networkMode?: string;
  /** Builds even if an image of the same recipe is there. */
  force?: boolean;
  /** For the packages' cache. */
  paths: Paths;
  env?: Environment;
  onProgress?: ShowProgress;
  signal?: AbortSignal;
}

export interface BuiltTemplate {
  id: string;
  /** The first of the tags. */
  reference: string;
  tags: string[];
  base: string;
  /** Version of the agent's program; empty for the plain shell. */
  version: string;
  /** Whether an image of the same recipe was there already. */
  reused: boolean;
}

/**
 * The image of the agent's recipe on the base. Nothing is built when the Engine has it. Throws "unsupported" or
 * "not_found" when the base is not fit, "network" and "corrupt" of the packages, the Engine's errors.
 */
export async function buildTemplate(
  docker: Docker,
  agent: Agent,
  options: BuildTemplateOptions,
): Promise<BuiltTemplate> {
  const { env = Deno.env, signal } = options;
  const reference = options.base ?? (env.get("SKIFF_SANDBOX_BASE") || defaultBase);
  const base = await findBase(docker, reference, { ...options, pull: options.pull ?? "missing" });
  const recipe = makeRecipe(agent, base);
  const tags = options.tags?.length ? options.tags : [await defaultTag(docker, agent)];
  const { version } = readTemplateLabels(recipe.labels)!;
  const present = options.force ? undefined : await findBuilt(docker, recipe.digest, signal);
  const id = present ?? await build(docker, recipe, tags, options);
  for (const tag of tags) await tagImage(docker, id, { target: tag, signal });
  return { id, reference: tags[0], tags, base: reference, version, reused: present !== undefined };
}

/** Id of an image that was built of the same recipe. */
export async function findBuilt(
  docker: Docker,
  digest: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const images = await listImages(docker, { filters: { label: [`${recipeLabel}=${digest}`] }, signal });
  return images.sort((a, b) => b.Created - a.Created)[0]?.Id;
}

/** The published name makes documented Dockerfiles work (`FROM docker/sandbox-templates:…`). */
async function defaultTag(docker: Docker, agent: Agent): Promise<string> {
  const image = await inspectImage(docker, agent.template);
  const isForeign = image !== undefined && readTemplateLabels(image.Config?.Labels) === undefined;
  return isForeign ? `skiff/${agent.template.slice(agent.template.indexOf("/") + 1)}` : agent.template;
}

async function build(
  docker: Docker,
  recipe: Recipe,
  tags: string[],
  { paths, env, networkMode, onProgress, signal }: BuildTemplateOptions,
): Promise<string> {
  const { agent, base } = recipe;
  const tarballs: string[] = [];
  for (const { row } of recipe.packages) {
    const folder = `${paths.cache}/sandbox-packages`;
    tarballs.push(await fetchPackage(row, { folder, env, signal, onProgress }));
  }
  onProgress?.(note(`Building ${tags[0]} with ${agent.title} on ${base.reference}`));
  const output: string[] = [];
  let id = "";
  try {
    const messages = buildImage(docker, buildContext(recipe, tarballs), {
      tags,
      networkMode,
      forceRemove: true,
      signal,
    });
    for await (const { stream = "", aux } of messages) {
      if (aux?.ID) id = aux.ID;
      output.push(stream);
      for (const [, line] of stream.matchAll(/^skiff-note: (.*)$/gm)) onProgress?.(note(line));
    }
  } catch (error) {
    throw explained(error, output.join(""), base.reference);
  }
  if (id) return id;
  throw new SkiffError("corrupt", "The Docker Engine built the template and did not say its id");
}

/** What the preparing script says of the base is worth more than the Engine's "returned a non-zero code". */
function explained(error: unknown, output: string, base: string): unknown {
  if (!(error instanceof SkiffError) || error.code === "interrupted") return error;
  const [, code, reason] = /^skiff-error: (\w+): (.*)$/m.exec(output) ?? [];
  if (reason) {
    return new SkiffError(code as ErrorCode, `Cannot build on ${base}: ${reason}`, {
      hint: "Take an image like Debian or Ubuntu that has git: --base IMAGE.",
      cause: error,
    });
  }
  if (/exec format error/i.test(`${error.message}\n${output}`)) {
    return new SkiffError("unsupported", `Cannot build on ${base}: it is for another processor`, {
      hint: "Take a base for this machine's processor, or install the Engine's emulation (binfmt).",
      cause: error,
    });
  }
  if (
    /\/bin\/sh.*no such file|executable file not found|find user root/i.test(`${error.message}\n${output}`)
  ) {
    return new SkiffError("unsupported", `Cannot build on ${base}: it has no shell or no users`, {
      hint: "Take an image like Debian or Ubuntu: --base IMAGE.",
      cause: error,
    });
  }
  return error;
}
