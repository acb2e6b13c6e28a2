/** Packs the libraries that are embedded in an executable, for the build. */
import { gzipSync } from "node:zlib";
import { installLibraries, type InstallOptions } from "./install.ts";
import { embeddedSet, libraryAsset } from "./library_set.ts";

export interface PackedLibrary {
  /** Name among the assets, e.g. "native/linux-x64/libggml-base.so.gz". */
  asset: string;
  /** Name in the installed folder. */
  file: string;
  /** Bytes of the asset. */
  bytes: number;
}

/**
 * Writes the libraries of a target (`Deno.build`'s names of system and processor) into the folder of assets,
 * each compressed, and lists them. Takes them from the user's cache or the package registry, verified.
 * Empty when there are none for the target.
 */
export async function packLibraries(
  targetOs: string,
  targetArch: string,
  intoFolder: string,
  options: InstallOptions = {},
): Promise<PackedLibrary[]> {
  const set = embeddedSet(targetOs, targetArch);
  if (set === undefined) return [];
  const folder = await installLibraries(set, options);
  const packed: PackedLibrary[] = [];
  for (const file of set.files) {
    const asset = libraryAsset(file);
    const target = `${intoFolder}/${asset}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    const bytes = gzipSync(await Deno.readFile(`${folder}/${file.name}`), { level: 9 });
    await Deno.writeFile(target, bytes);
    packed.push({ asset, file: file.name, bytes: bytes.length });
  }
  return packed;
}
