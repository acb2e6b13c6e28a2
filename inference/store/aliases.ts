/**
 * Which sources a model has, in the order in which they are tried. `assets/models.json` lists those that
 * have more than the one their name says, each with the size and digest of what it must give.
 */
import { readAsset } from "../../core/assets/assets.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { canonicalName, parseReference, type Reference } from "./reference.ts";
import type { Source } from "./source.ts";
import { huggingFaceSource } from "./sources/huggingface.ts";
import { pypiSource } from "./sources/pypi.ts";
import { registrySource } from "./sources/registry.ts";

export interface PinnedFile {
  /** "sha256:<hex>" */
  digest: string;
  size: number;
}

export interface Candidate {
  source: Source;
  /** What the source's one file must be; absent = whatever the name stands for there today. */
  pinned?: PinnedFile;
}

/** By full name; `from` holds one reference, or the parts of one file. */
export type AliasTable = Record<
  string,
  { sources: { from: string[]; name?: string; size?: number; sha256?: string }[] }
>;

type Environment = { get(name: string): string | undefined };

export async function readAliases(): Promise<AliasTable> {
  const bytes = await readAsset("models.json");
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
}

/** Throws "invalid_input" for what is no reference, "not_found" for ids, which no source knows. */
export function candidatesFor(text: string, aliases: AliasTable, env: Environment = Deno.env): Candidate[] {
  const alias = aliases[canonicalName(text, env)];
  if (alias === undefined) return [{ source: sourceOf([parseReference(text, env)], text, env) }];
  return alias.sources.map(({ from, name, size, sha256 }) => ({
    source: sourceOf(from.map((part) => parseReference(part, { get: () => undefined })), text, env, name),
    ...(sha256 && size ? { pinned: { digest: `sha256:${sha256}`, size } } : {}),
  }));
}

function sourceOf(references: Reference[], text: string, env: Environment, name?: string): Source {
  const [first] = references;
  if (first.kind === "pypi") {
    return pypiSource(references.filter((reference) => reference.kind === "pypi"), env, name);
  }
  if (first.kind === "huggingface") return huggingFaceSource(first, env);
  if (first.kind === "registry") return registrySource(first, env);
  throw new SkiffError("not_found", `Cannot find model "${text}"`, {
    hint: "`skiff model ls` lists the models that are here; a new one is pulled by its name.",
  });
}
