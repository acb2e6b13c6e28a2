/** What is pinned of one npm package of prebuilt llama.cpp libraries (rows of library_table.ts). */

export interface LibraryFile {
  /** File name; all files of a set lie in one folder. */
  name: string;
  /** Where it is in the package. */
  path: string;
  bytes: number;
  /** Hex. */
  sha256: string;
}

export interface LibraryPackage {
  /** Without the scope: "linux-x64-cuda". A name ending in "-ext" replaces files of the package it extends. */
  name: string;
  version: string;
  /** llama.cpp release, which decides the layout of its structs: "v0.5.0". */
  release: string;
  /** Of the tarball, as npm writes it: "sha512-<base64>". */
  integrity: string;
  /** Of the tarball. */
  bytes: number;
  files: LibraryFile[];
}
