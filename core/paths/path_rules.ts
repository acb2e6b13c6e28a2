/** Paths as text: no file is looked at. */

/** Without ".", "..", doubled and trailing slashes. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

const ofWindows = /^([A-Za-z]:[/\\]|\\)/;

/** From the root, as `normalizePath`; one of Windows as it is written. */
export function absolutePath(path: string, cwd: string): string {
  if (path.startsWith("/")) return normalizePath(path);
  if (ofWindows.test(path)) return path;
  return ofWindows.test(cwd) ? `${cwd}\\${path}` : normalizePath(`${cwd}/${path}`);
}

/** Whether `path` is `folder` or something below it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}

export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
