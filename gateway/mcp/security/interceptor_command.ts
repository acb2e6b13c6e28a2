/** Interceptors that are commands of this machine, in a process group of their own. */
import type { InterceptorRun } from "./interceptors.ts";
import { lastOf, limitedText } from "./limited_text.ts";

/** The stdout of `/bin/sh -c command`. When it ends, fails, says too much or is aborted, all that it started ends. */
export async function runCommand(command: string, { input, signal, most }: InterceptorRun): Promise<string> {
  signal.throwIfAborted();
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", command],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const over = new AbortController();
  // What has left the group may keep the streams open for ever.
  const until = (stream: ReadableStream<Uint8Array>) =>
    stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), {
      signal: AbortSignal.any([signal, over.signal]),
    });
  const ended = child.status.finally(() => endGroup(child.pid)); // what it left running would keep them open, too
  signal.addEventListener("abort", () => endGroup(child.pid), { once: true, signal: over.signal });
  // A command that reads nothing closes its side first.
  write(child.stdin, input).catch(() => {});
  const reason = lastOf(until(child.stderr)).catch(() => "");
  try {
    const text = await limitedText(until(child.stdout), most);
    const { success, code } = await ended;
    if (!success) throw new Error([`exit code ${code}`, await reason].filter(Boolean).join(": "));
    return text;
  } catch (error) {
    endGroup(child.pid);
    await ended;
    throw error;
  } finally {
    over.abort();
  }
}

async function write(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
}

function endGroup(group: number): void {
  try {
    Deno.kill(-group, "SIGKILL");
  } catch { /* all of it has ended */ }
}
