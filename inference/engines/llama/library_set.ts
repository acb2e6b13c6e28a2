/** Which prebuilt libraries make llama.cpp run on a machine and a kind of device. */
import { type FileSet, fileSet } from "../packages/npm_package.ts";
import { libraryPackages } from "./library_table.ts";

/** What computes. "cuda" needs CUDA 13's runtime, "cuda12" that of CUDA 12. */
export type LibraryVariant = "cpu" | "metal" | "vulkan" | "cuda" | "cuda12";

/** Libraries that lie in one folder and are loaded together. */
export interface LibrarySet extends FileSet {
  variant: LibraryVariant;
  /** llama.cpp release: "v0.5.0". */
  release: string;
}

/** Names of packages by variant; a later package's files replace those of the same name. */
const packageNames: Record<string, Partial<Record<LibraryVariant, string[]>>> = {
  "linux-x86_64": {
    cpu: ["linux-x64"],
    vulkan: ["linux-x64-vulkan"],
    cuda: ["linux-x64-cuda"],
    cuda12: ["linux-x64-cuda", "linux-x64-cuda-ext"],
  },
  "linux-aarch64": { cpu: ["linux-arm64"] },
  "darwin-aarch64": { metal: ["mac-arm64-metal"] },
  "darwin-x86_64": { cpu: ["mac-x64"] },
  "windows-x86_64": {
    cpu: ["win-x64"],
    vulkan: ["win-x64-vulkan"],
    cuda: ["win-x64-cuda"],
    cuda12: ["win-x64-cuda", "win-x64-cuda-ext"],
  },
  "windows-aarch64": { cpu: ["win-arm64"] },
};

/** The set for a machine (`Deno.build`'s names), or undefined when llama.cpp is not built for it. */
export function librarySet(
  variant: LibraryVariant,
  os: string = Deno.build.os,
  arch: string = Deno.build.arch,
): LibrarySet | undefined {
  const names = packageNames[`${os}-${arch}`]?.[variant];
  if (names === undefined) return undefined;
  const packages = names.map((name) => libraryPackages.find((row) => row.name === name)!);
  const { version, release } = packages[0];
  return { variant, release, ...fileSet(packages, `${names.at(-1)}-${version}`) };
}

/** The set that is part of the executable: what every machine of the kind can run. */
export function embeddedSet(os: string = Deno.build.os, arch: string = Deno.build.arch) {
  return librarySet("cpu", os, arch) ?? librarySet("metal", os, arch);
}
