/** The build context of a recipe, made while it is sent: nothing is unpacked to the disk. */
import { readTar, type TarEntry } from "../../archive/tar.ts";
import { type TarFile, writeTar } from "../../archive/tar_writer.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import { contextRoot, type PlacedPackage, type Recipe } from "./recipe.ts";

/** A tar. `tarballs`: where the packages of the recipe lie, in its order; their digests have been checked. */
export function buildContext(recipe: Recipe, tarballs: string[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return writeTar(contextItems(recipe, tarballs));
}

async function* contextItems(recipe: Recipe, tarballs: string[]): AsyncGenerator<TarFile> {
  yield { name: "Dockerfile", type: "file", mode: 0o644, content: recipe.dockerfile };
  yield { name: "prepare.sh", type: "file", mode: 0o755, content: recipe.script };
  yield { name: contextRoot, type: "directory", mode: 0o755 };
  for (const [i, placed] of recipe.packages.entries()) yield* packageItems(placed, tarballs[i]);
  const { links = {}, scripts = {} } = recipe.agent.recipe;
  for (const [path, content] of Object.entries(scripts)) {
    yield { name: `${contextRoot}${path}`, type: "file", mode: 0o755, content };
  }
  for (const [path, linkName] of Object.entries(links)) {
    yield { name: `${contextRoot}${path}`, type: "symlink", mode: 0o777, linkName };
  }
}

async function* packageItems(placed: PlacedPackage, tarball: string): AsyncGenerator<TarFile> {
  const found = new Set<string>();
  using source = await Deno.open(tarball);
  for await (const entry of readTar(source.readable)) {
    const place = placeOf(entry, placed);
    if (!place) continue;
    found.add(place.rule);
    const mode = entry.mode & 0o111 ? 0o755 : 0o644;
    const name = `${contextRoot}${place.target}`;
    yield { name, mode, content: { size: entry.size, pieces: entry.content() } };
  }
  const missing = Object.keys(placed.files).filter((rule) => !found.has(rule));
  if (missing.length > 0) {
    throw new SkiffError("corrupt", `The package ${placed.row.name} does not hold ${missing.join(", ")}`);
  }
}

/** Where a file of the tarball goes; undefined when it is not wanted. */
export function placeOf(
  entry: Pick<TarEntry, "name" | "type">,
  { files, leaveOut }: PlacedPackage,
): { rule: string; target: string } | undefined {
  const path = entry.name.replace(/^package\//, "");
  if (entry.type !== "file" || path.split("/").includes("..")) return undefined;
  if (leaveOut.some((folder) => path === folder || path.startsWith(`${folder}/`))) return undefined;
  for (const [rule, target] of Object.entries(files)) {
    if (path === rule) return { rule, target };
    if (path.startsWith(`${rule}/`)) return { rule, target: `${target}${path.slice(rule.length)}` };
  }
  return undefined;
}
