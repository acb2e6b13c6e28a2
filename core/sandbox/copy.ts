/** `sandbox cp`: between this machine and a sandbox, by the rules of `cp -a` and `docker cp`. */
import { readTar } from "../archive/tar.ts";
import { type TarFile, writeTar } from "../archive/tar_writer.ts";
import { getArchive, putArchive, statArchive } from "../docker/archives.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { baseName, isInside, normalizePath, parentPath } from "../paths/path_rules.ts";
import type { Sandbox } from "./sandbox.ts";
import type { World } from "./world.ts";

export interface Copy {
  from: string;
  to: string;
}

/**
 * Copies in. An existing folder at `to` gets the thing inside, else it is made under that name; `from/.` copies
 * what is in a folder; "-" is a tar stream on standard input. Files become the agent's. Throws "not_found".
 */
export async function copyIn({ docker }: World, sandbox: Sandbox, { from, to }: Copy): Promise<void> {
  const target = insidePath(sandbox, to);
  if (from === "-") {
    return await putArchive(docker, sandbox.id, { path: target, archive: Deno.stdin.readable });
  }
  const info = await Deno.stat(from).catch((cause) => {
    throw new SkiffError("not_found", `There is no ${from} on this machine`, { cause });
  });
  const there = await statArchive(docker, sandbox.id, { path: target });
  const contents = info.isDirectory && /(^|\/)\.$/.test(from);
  const isFolder = there?.type === "directory" || there?.type === "symlink";
  if (to.endsWith("/") && !isFolder) {
    throw new SkiffError("not_found", `There is no folder ${target} in the sandbox`, {
      hint: "Make it first.",
    });
  }
  const folder = isFolder ? target : contents ? target : parentPath(target);
  const name = contents ? "." : isFolder ? baseName(await Deno.realPath(from)) : baseName(target);
  const top = contents && !isFolder ? baseName(target) : name;
  await putArchive(docker, sandbox.id, {
    path: contents && !isFolder ? parentPath(target) : folder,
    archive: writeTar(hostFiles(from, top, sandbox)),
    keepKinds: true,
  });
}

/** A relative path starts from the workspace, as the agent sees it. */
function insidePath({ workspace, home }: Sandbox, path: string): string {
  if (path === "~" || path.startsWith("~/")) return normalizePath(home + path.slice(1));
  return normalizePath(path.startsWith("/") ? path : `${workspace}/${path}`);
}

async function* hostFiles(
  path: string,
  name: string,
  owner: { uid: number; gid: number },
): AsyncGenerator<TarFile> {
  const info = await Deno.lstat(path);
  const own = {
    uid: owner.uid,
    gid: owner.gid,
    mode: (info.mode ?? 0o644) & 0o7777,
    mtime: info.mtime ?? undefined,
  };
  if (info.isSymlink) {
    yield { name, type: "symlink", linkName: await Deno.readLink(path), ...own };
  } else if (info.isDirectory) {
    if (name !== ".") yield { name, type: "directory", ...own };
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
    for (const child of names.sort()) {
      yield* hostFiles(`${path}/${child}`, name === "." ? child : `${name}/${child}`, owner);
    }
  } else if (info.isFile) {
    using file = await Deno.open(path);
    yield { name, type: "file", content: { size: info.size, pieces: pieces(file) }, ...own };
  }
}

async function* pieces(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(256 * 1024);
  for (let length = await file.read(buffer); length !== null; length = await file.read(buffer)) {
    yield buffer.slice(0, length);
  }
}

/** Copies out; what the sandbox says is not trusted: nothing is written outside of the target. */
export async function copyOut({ docker }: World, sandbox: Sandbox, { from, to }: Copy): Promise<void> {
  const source = insidePath(sandbox, from);
  const contents = /(^|\/)\.$/.test(from);
  const { archive } = await getArchive(docker, sandbox.id, { path: source });
  if (to === "-") return await archive.pipeTo(Deno.stdout.writable, { preventClose: true });
  const info = await Deno.stat(to).catch(() => undefined);
  if (to.endsWith("/") && !info?.isDirectory) {
    throw new SkiffError("not_found", `There is no folder ${to} on this machine`, { hint: "Make it first." });
  }
  const top = info?.isDirectory && !contents ? `${to.replace(/\/+$/, "")}/${baseName(source)}` : to;
  const target = normalizePath(top.startsWith("/") ? top : `${Deno.cwd()}/${top}`);
  for await (const entry of readTar(archive)) {
    const path = normalizePath(`/${entry.name}`);
    const below = path === "/" ? "" : path.slice(1).split("/").slice(1).join("/");
    const place = below ? `${target}/${below}` : target;
    if (!isInside(place, target)) continue;
    await refuseLinkOnWay(target, place);
    if (entry.type === "directory") await Deno.mkdir(place, { recursive: true });
    else if (entry.type === "symlink") await replaceLink(place, entry.linkName);
    else if (entry.type === "file") {
      await Deno.remove(place).catch(() => {}); // a link there would be written through
      await Deno.writeFile(place, ReadableStream.from(entry.content()), { mode: entry.mode & 0o777 });
    }
  }
}

/** An archive may first bring a link and then a file "below" it. */
async function refuseLinkOnWay(target: string, place: string): Promise<void> {
  for (let at = parentPath(place); isInside(at, target) && at !== parentPath(target); at = parentPath(at)) {
    const info = await Deno.lstat(at).catch(() => undefined);
    if (info?.isSymlink && at !== target) {
      throw new SkiffError("forbidden", `The sandbox's archive would write through the link ${at}`, {
        hint: "Copy into an empty folder.",
      });
    }
  }
}

async function replaceLink(place: string, target: string): Promise<void> {
  await Deno.remove(place).catch(() => {});
  await Deno.symlink(target, place);
}
