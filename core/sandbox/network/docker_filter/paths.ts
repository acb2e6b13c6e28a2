/** Host paths that a sandbox names. */
import { Refusal } from "./refusal.ts";

/** Whether `path` is `folder` or below it; both without `..`. */
export function inside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/**
 * The source of a bind, which must be the workspace itself or one of its protected parts. Those are mount points
 * in every place where an agent can write, so nobody there can put a link in their place between this look and
 * the Engine's mounting; of anything below them that could be done. Throws `Refusal`.
 */
export async function checkedSource(
  source: string,
  workspace: string | undefined,
  fixed: string[],
): Promise<string> {
  const plain = source.replace(/\/+$/, "") || "/";
  if (workspace === undefined || plain.split("/").includes("..") || !inside(plain, workspace)) {
    throw new Refusal(
      `the bind of "${source}" is not allowed: only the workspace (${
        workspace ?? "none here"
      }) may be mounted`,
    );
  }
  if (plain !== workspace && !fixed.includes(plain)) {
    throw new Refusal(
      `the bind of "${source}" is not allowed: mount the whole workspace, for a part of it could become a link to anywhere`,
    );
  }
  const real = await Deno.realPath(plain).catch(() => undefined);
  if (real !== plain) throw new Refusal(`the bind's source "${source}" is not where it should be`);
  return real;
}
