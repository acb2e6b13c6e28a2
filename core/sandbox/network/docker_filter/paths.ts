/** Host paths that a sandbox names. */
import { Refusal } from "./refusal.ts";

/** Whether `path` is `folder` or below it; both without `..`. */
export function inside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/**
 * The real path of a bind's source, which must lie in the workspace without the help of links. Throws
 * `Refusal`. What is true now may not be so later: see `startSafely`.
 */
export async function checkedSource(source: string, workspace: string | undefined): Promise<string> {
  const refuse = () =>
    new Refusal(
      `the bind of "${source}" is not allowed: only the workspace (${
        workspace ?? "none here"
      }) may be mounted`,
    );
  const plain = source.replace(/\/+$/, "") || "/";
  if (workspace === undefined || plain.split("/").includes("..") || !inside(plain, workspace)) throw refuse();
  let real: string;
  try {
    real = await Deno.realPath(plain);
  } catch {
    throw new Refusal(`the bind's source "${source}" does not exist`, 400);
  }
  if (real !== plain) throw new Refusal(`the bind's source "${source}" goes through a symbolic link`);
  return real;
}
