/**
 * What the host's Git says about a folder: who the user is, and which files configure it. Asked once, when a
 * sandbox is made.
 */
import { isInside, normalizePath } from "../paths/path_rules.ts";

export interface GitFacts {
  name?: string;
  email?: string;
  /** Files inside the workspace that Git reads its configuration from, and folders that it runs hooks from. */
  sensitive: string[];
}

/** Reads `git config --list` of the folder. Where there is no Git nothing is known. */
export async function readGit(workspace: string): Promise<GitFacts> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", workspace, "config", "--list", "--show-origin", "--includes", "-z"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? parseGitConfig(new TextDecoder().decode(stdout), workspace) : { sensitive: [] };
  } catch {
    return { sensitive: [] };
  }
}

/** Parses `origin NUL key LF value NUL …`; a later entry wins over an earlier one. */
export function parseGitConfig(text: string, workspace: string): GitFacts {
  const fields = text.split("\0");
  const facts: GitFacts = { sensitive: [] };
  const sensitive = new Set<string>();
  const addInside = (path: string) => {
    const absolute = normalizePath(path.startsWith("/") ? path : `${workspace}/${path}`);
    if (isInside(absolute, workspace) && absolute !== workspace) sensitive.add(absolute);
  };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const origin = fields[i];
    const [key, value = ""] = splitOnce(fields[i + 1], "\n");
    if (origin.startsWith("file:")) addInside(origin.slice("file:".length));
    if (key === "user.name") facts.name = value;
    if (key === "user.email") facts.email = value;
    if (key === "core.hookspath" && !value.startsWith("~")) addInside(value);
  }
  facts.sensitive = [...sensitive];
  return facts;
}

function splitOnce(text: string, by: string): [string, string?] {
  const at = text.indexOf(by);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * The variables that make Git inside know the user and accept folders of another owner. No file is written, so
 * that they hold in any template.
 */
export function gitEnvironment({ name, email }: GitFacts): Record<string, string> {
  const entries: [string, string][] = [["safe.directory", "*"]];
  if (name) entries.push(["user.name", name]);
  if (email) entries.push(["user.email", email]);
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(entries.length) };
  entries.forEach(([key, value], i) => {
    variables[`GIT_CONFIG_KEY_${i}`] = key;
    variables[`GIT_CONFIG_VALUE_${i}`] = value;
  });
  return variables;
}
