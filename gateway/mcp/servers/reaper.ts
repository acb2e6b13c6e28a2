/**
 * Ends what a gateway leaves running that is killed: a shell that waits for the gateway's end, and becomes
 * `skiff mcp-reaper` then. Until it is needed it costs a megabyte.
 */
import { processStart } from "../../../core/process/process_start.ts";
import { selfCommand } from "../../../core/process/self.ts";
import { thisOwner } from "./container_owner.ts";
import { containersWord } from "./reaper_process.ts";

/** Its input ends with the gateway, in whatever way; each line before is a word for the one that it becomes. */
const script = 'left=; while read -r word; do left="$left $word"; done; exec "$@" $left';

export class Reaper {
  #started?: Promise<Shell | undefined>;
  #hasContainers = false;

  /** Containers of this process may be there from now on. */
  async containers(): Promise<void> {
    if (this.#hasContainers) return;
    this.#hasContainers = true;
    await this.#tell(containersWord);
  }

  /** A process with a group of its own. */
  async group(pid: number): Promise<void> {
    const start = await processStart(pid);
    if (start !== undefined) await this.#tell(`${pid}:${start}`);
  }

  /** All has been ended. */
  async close(): Promise<void> {
    const shell = await this.#started;
    if (!shell) return;
    shell.child.ref();
    try {
      shell.child.kill("SIGKILL");
    } catch { /* somebody else has */ }
    await shell.child.status;
    await shell.input.abort().catch(() => {});
  }

  async #tell(word: string): Promise<void> {
    this.#started ??= startShell();
    const shell = await this.#started;
    await shell?.input.write(new TextEncoder().encode(`${word}\n`)).catch(() => {});
  }
}

interface Shell {
  child: Deno.ChildProcess;
  input: WritableStreamDefaultWriter<Uint8Array>;
}

/** Undefined where there is no such shell. */
async function startShell(): Promise<Shell | undefined> {
  if (Deno.build.os === "windows") return undefined;
  const { program, args } = selfCommand(["mcp-reaper", await thisOwner()]);
  try {
    const child = new Deno.Command("sh", {
      args: ["-c", script, "sh", program, ...args],
      cwd: "/",
      detached: true, // what ends all that the terminal or the client has started is not to end it
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    child.unref();
    return { child, input: child.stdin.getWriter() };
  } catch {
    return undefined;
  }
}
