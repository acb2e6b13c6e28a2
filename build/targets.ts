/** The platforms that one machine builds for. */

export interface Target {
  /** Name for `--target` of the build task. */
  name: string;
  /** Deno's name of it. */
  triple: string;
  os: "linux" | "darwin" | "windows";
  arch: "x86_64" | "aarch64";
}

export const targets: Target[] = [
  { name: "linux-x64", triple: "x86_64-unknown-linux-gnu", os: "linux", arch: "x86_64" },
  { name: "linux-arm64", triple: "aarch64-unknown-linux-gnu", os: "linux", arch: "aarch64" },
  { name: "mac-arm64", triple: "aarch64-apple-darwin", os: "darwin", arch: "aarch64" },
  { name: "mac-x64", triple: "x86_64-apple-darwin", os: "darwin", arch: "x86_64" },
  { name: "windows-x64", triple: "x86_64-pc-windows-msvc", os: "windows", arch: "x86_64" },
];

/** The target that this machine is; undefined when it is none of them. */
export function hostTarget(): Target | undefined {
  return targets.find((target) => target.os === Deno.build.os && target.arch === Deno.build.arch);
}

/** File name of the executable: plain for this machine, with the target's name for the others. */
export function executableName(target: Target, host: Target | undefined): string {
  const suffix = target.os === "windows" ? ".exe" : "";
  return target === host ? `skiff${suffix}` : `skiff-${target.name}${suffix}`;
}
