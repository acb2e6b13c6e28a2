/** What is pinned of one npm package of prebuilt llama.cpp libraries (rows of library_table.ts). */
import type { NpmPackage } from "../packages/npm_package.ts";

/** A name ending in "-ext" replaces files of the package it extends. */
export interface LibraryPackage extends NpmPackage {
  /** llama.cpp release, which decides the layout of its structs: "v0.5.0". */
  release: string;
}
