/** What is pinned of an npm package that an agent comes in (rows of agent_package_table.ts). */

/** Processors that agents are published for, in npm's words. */
export type PackageArch = "x64" | "arm64";

export interface AgentPackage {
  /** As in the registry: "@openai/codex". */
  name: string;
  version: string;
  /** Of the tarball, as npm writes it: "sha512-<base64>". */
  integrity: string;
  /** Of the tarball. */
  bytes: number;
}

/** The Engine's word for an image's processor; undefined when no agent is published for it. */
export function packageArch(imageArchitecture: string): PackageArch | undefined {
  if (imageArchitecture === "amd64") return "x64";
  if (imageArchitecture === "arm64") return "arm64";
  return undefined;
}

/** Rust's word for it, which is a folder's name in some packages. */
export const rustTriple: Record<PackageArch, string> = {
  x64: "x86_64-unknown-linux-musl",
  arm64: "aarch64-unknown-linux-musl",
};
