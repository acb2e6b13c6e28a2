/** Whether a process is still the one that it was: ids are given again. */

/**
 * When a process has started, in the system's own words and without blanks; undefined when none of that id runs. One
 * that has ended counts as none, though its parent has not heard of it yet.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    if (Deno.build.os === "linux") {
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
      // Fields 3 and 22 of proc(5), counted behind the name in parentheses, which may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return /[ZX]/.test(fields[0]) ? undefined : fields[19];
    }
    const { success, stdout } = await new Deno.Command("ps", {
      args: ["-p", String(pid), "-o", "stat=,lstart="],
      env: { LC_ALL: "C" },
      stderr: "null",
    }).output();
    const [state, ...start] = new TextDecoder().decode(stdout).trim().split(/\s+/);
    return success && !state.startsWith("Z") && start.length > 0 ? start.join("_") : undefined;
  } catch {
    return undefined;
  }
}
