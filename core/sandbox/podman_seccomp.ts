/**
 * Podman's own seccomp profile lets every process make user namespaces, mount in them and use the kernel's key
 * rings, which Docker's refuses (both: containers/common pkg/seccomp, moby profiles/seccomp). A sandbox gets
 * Podman's without those.
 */
import type { Paths } from "../paths/paths.ts";

/** As `--seccomp-profile` takes it; what is not named here is passed on as it is. */
export interface SeccompProfile {
  syscalls: SeccompRule[];
}

interface SeccompRule {
  names: string[];
  action: string;
  args?: { index: number; value: number; valueTwo: number; op: string }[] | null;
  includes?: { caps?: string[]; arches?: string[] };
  excludes?: { caps?: string[]; arches?: string[] };
  errnoRet?: number;
}

/** Where Podman looks for one before it takes the one that is built in. */
const places = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"];

const refused =
  "unshare setns mount umount umount2 pivot_root mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick " +
  "keyctl add_key request_key";
const [notPermitted, noSuchCall] = [1, 38];
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET together. */
const namespaceFlags = 0x7e020000;

/** The profile without what a process needs no capability for in Podman's and needs one for in Docker's. */
export function hardenProfile<T extends SeccompProfile>(profile: T): T {
  const names = refused.split(" ");
  const taken = new Set([...names, "clone", "clone3"]);
  const kept = profile.syscalls
    .map((rule) =>
      rule.action === "SCMP_ACT_ALLOW"
        ? { ...rule, names: rule.names.filter((name) => !taken.has(name)) }
        : rule
    )
    .filter((rule) => rule.names.length > 0);
  const plainClone = (index: number) => ({
    names: ["clone"],
    action: "SCMP_ACT_ALLOW",
    args: [{ index, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
  });
  const s390 = ["s390", "s390x"];
  return {
    ...profile,
    syscalls: [
      ...kept,
      { ...plainClone(0), excludes: { arches: s390 } },
      { ...plainClone(1), includes: { arches: s390 } },
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: noSuchCall }, // its flags are in memory; libc falls back
      { names, action: "SCMP_ACT_ERRNO", errnoRet: notPermitted },
    ],
  };
}

/**
 * File with the hardened profile, written to the cache; undefined where Podman's own is not to be found here (it
 * runs in a virtual machine, or has only the one that is built in).
 */
export async function podmanSeccomp(paths: Paths): Promise<string | undefined> {
  for (const place of places) {
    const text = await Deno.readTextFile(place).catch(() => undefined);
    if (text === undefined) continue;
    const folder = `${paths.cache}/sandbox`;
    const file = `${folder}/podman-seccomp.json`;
    await Deno.mkdir(folder, { recursive: true });
    const part = `${file}.${crypto.randomUUID().slice(0, 8)}`;
    await Deno.writeTextFile(part, JSON.stringify(hardenProfile(JSON.parse(text))));
    await Deno.rename(part, file);
    return file;
  }
}
