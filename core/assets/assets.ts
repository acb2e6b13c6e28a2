/**
 * Files that are part of skiff: `assets/` of the checkout, embedded beside the program in the executable.
 */
import { readAppended } from "./appended.ts";
import { isCompiled } from "../process/self.ts";

const root = isCompiled ? new URL("./assets/", Deno.mainModule) : new URL("../../assets/", import.meta.url);

/** Where an asset is; in the executable this is a path of its embedded, read-only file system. */
export function assetUrl(name: string): URL {
  return new URL(name, root);
}

/** The bytes of an asset, or undefined when this build does not carry it. */
export async function readAsset(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(assetUrl(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return isCompiled ? await readAppended(Deno.execPath(), name) : undefined;
    }
    throw error;
  }
}
