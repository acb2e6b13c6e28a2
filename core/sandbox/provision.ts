/** The files that a new sandbox gets before its first start, as one archive. Pure. */
import type { TarFile } from "../archive/tar_writer.ts";
import { type Account, accountFiles } from "./account.ts";
import { persistentFile } from "./entry_script.ts";
import type { ImageFacts } from "./image_facts.ts";
import { isInside, parentPath } from "../paths/path_rules.ts";

export interface ProvisionRequest {
  account: Account;
  facts: ImageFacts;
  /** Folder below the home that the credentials volume is mounted at. */
  credentialsFolder?: string;
  /** Targets of the user's mounts. */
  targets: string[];
  /** Where host folders lie, the workspace included: nothing is written there. */
  hostPaths: string[];
  /** Folder that the clone goes to. */
  workspace?: string;
  /** Symbolic links to make. */
  links: { path: string; target: string }[];
}

/** Folders of a home that programs expect to be able to write. */
const homeFolders = [".config", ".cache", ".local", ".local/share", ".local/state", ".local/bin"];

export function provisionItems(request: ProvisionRequest): TarFile[] {
  const { account, facts, credentialsFolder, targets, hostPaths, links } = request;
  const { uid, gid, home } = account;
  const own = { uid, gid };
  const { passwd, group } = accountFiles(account, facts);
  const items: TarFile[] = [];
  if (passwd !== undefined) items.push(systemFile("etc/passwd", passwd));
  if (group !== undefined) items.push(systemFile("etc/group", group));
  items.push({
    name: persistentFile.slice(1),
    type: "file",
    mode: 0o644,
    ...own,
    content: facts.persistent,
  });
  items.push(systemFile("etc/profile.d/sandbox-persistent.sh", `. ${persistentFile}\n`));
  items.push(...mountParents(account, targets));
  items.push({ name: home.slice(1), type: "directory", mode: uid === 0 ? 0o700 : 0o755, ...own });
  for (const name of homeFolders) {
    items.push({ name: `${home.slice(1)}/${name}`, type: "directory", mode: 0o755, ...own });
  }
  if (credentialsFolder) {
    items.push({ name: `${home.slice(1)}/${credentialsFolder}`, type: "directory", mode: 0o700, ...own });
  }
  items.push(...rootHomeItems(account, targets));
  if (request.workspace) {
    items.push({ name: request.workspace.slice(1), type: "directory", mode: 0o755, ...own });
  }
  for (const { path, target } of links) {
    items.push({ name: path.slice(1), type: "symlink", mode: 0o777, linkName: target });
  }
  return items.filter(({ name }) => !hostPaths.some((path) => isInside(`/${name}`, path)));
}

function systemFile(name: string, content: string): TarFile {
  return { name, type: "file", mode: 0o644, content };
}

/**
 * The documentation mounts at /root/.cache and the like, as if the agent were root. For another user /root is
 * opened, and what is mounted there is linked into the home.
 */
function rootHomeItems({ home }: Account, targets: string[]): TarFile[] {
  const below = targets.filter((target) => isInside(target, "/root") && target !== "/root");
  if (home === "/root" || below.length === 0) return [];
  const items: TarFile[] = [{ name: "root", type: "directory", mode: 0o755 }];
  for (const target of below) {
    const name = target.slice("/root/".length);
    items.push({ name: `${home.slice(1)}/${name}`, type: "symlink", mode: 0o777, linkName: target });
  }
  return items;
}

/** The Engine makes the folders above a mount as root's; those in the home become the agent's. */
function mountParents({ uid, gid, home }: Account, targets: string[]): TarFile[] {
  const folders = new Set<string>();
  for (const target of targets) {
    const below = home !== "/root" && isInside(target, "/root")
      ? `${home}/${target.slice("/root/".length)}`
      : target;
    if (!isInside(below, home) || below === home) continue;
    for (let at = parentPath(below); at !== home; at = parentPath(at)) folders.add(at);
  }
  return [...folders].sort().map((path) => ({
    name: path.slice(1),
    type: "directory",
    mode: 0o755,
    uid,
    gid,
  }));
}
