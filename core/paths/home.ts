/** The user's home folder, on which all of the user's files hang. */

/**
 * Sets HOME (on Windows USERPROFILE) where it is not set: some MCP clients start their servers without it, and
 * what skiff starts wants it, too. The system is asked whose process this is.
 */
export async function ensureHome(): Promise<void> {
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  if (Deno.env.get(variable)) return;
  const { homedir } = await import("node:os"); // only then: loading Node's layer takes its time
  const home = homedir();
  if (home) Deno.env.set(variable, home);
}
