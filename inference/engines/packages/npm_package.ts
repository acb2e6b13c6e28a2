/** What is pinned of an npm package whose files skiff runs without installing the package or what it depends on. */

export interface PackageFile {
  /** File name; all files of a set lie in one folder. */
  name: string;
  /** Where it is in the package. */
  path: string;
  /** Of the file as it is used: after `edits`. */
  bytes: number;
  /** Hex, after `edits`. */
  sha256: string;
  /** Texts that are replaced wherever they stand. */
  edits?: { find: string; replace: string }[];
  /** Of the file in the package, where there are edits. */
  bytesBefore?: number;
}

export interface NpmPackage {
  /** "@node-llama-cpp"; absent for packages without a scope. */
  scope?: string;
  /** Without the scope: "linux-x64-cuda". */
  name: string;
  version: string;
  /** Of the tarball, as npm writes it: "sha512-<base64>". */
  integrity: string;
  /** Of the tarball. */
  bytes: number;
  files: PackageFile[];
}

/** Files that lie in one folder and are used together. */
export interface FileSet {
  /** Name of its folder; other content has another name. */
  name: string;
  files: (PackageFile & { package: NpmPackage })[];
}

/** The set of all files of the packages; a later package's files replace those of the same name. */
export function fileSet(packages: NpmPackage[], name: string): FileSet {
  const files = new Map<string, FileSet["files"][number]>();
  for (const row of packages) {
    for (const file of row.files) files.set(file.name, { ...file, package: row });
  }
  return { name: `${name}-${fingerprint([...files.values()])}`, files: [...files.values()] };
}

/** FNV-1a of the files' hashes: a folder of other content gets another name. */
function fingerprint(files: PackageFile[]): string {
  let hash = 0x811c9dc5;
  for (const { name, sha256 } of files) {
    for (const char of name + sha256) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/** Where an embedded file is among the assets. */
export function fileAsset(file: FileSet["files"][number]): string {
  return `native/${file.package.name}/${file.name}.gz`;
}
