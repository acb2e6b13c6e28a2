/** The llama.cpp libraries that tests run on, installed where users have them. */
import { installFiles } from "../../inference/engines/packages/install.ts";
import { embeddedSet, type LibrarySet } from "../../inference/engines/llama/library_set.ts";
import { partsFolder } from "./parts.ts";

/**
 * The processor's libraries for this machine, in the folder of test parts. Every test opens these: two copies of
 * ggml in one process end it. Throws with the reason when they cannot be had.
 */
export async function llamaLibrary(): Promise<{ set: LibrarySet; root: string; folder: string }> {
  const set = embeddedSet();
  if (set === undefined) throw new Error(`llama.cpp is not built for ${Deno.build.os} on ${Deno.build.arch}`);
  const root = `${partsFolder}/native`;
  return { set, root, folder: await installFiles(set, { root }) };
}
