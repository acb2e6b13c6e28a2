/** Whether anybody still reads what this process writes: a client that was killed says nothing. */
import { pause } from "../http/request.ts";

/** POLLERR, POLLHUP and POLLNVAL of poll(2). */
const gone = 0x08 | 0x10 | 0x20;
const checkMs = 100;
const libraries = { linux: ["libc.so.6", "libc.so"], darwin: ["libSystem.B.dylib"] } as Record<
  string,
  string[]
>;

/**
 * Resolves when the reader of standard output is gone, at the latest after `longestMs`, or when the signal
 * aborts. A file never goes. Where the system cannot be asked, only time counts.
 */
export async function outputClosed(longestMs: number, signal: AbortSignal): Promise<void> {
  const isClosed = outputPoll();
  const deadline = performance.now() + longestMs;
  while (!signal.aborted && performance.now() < deadline && !isClosed()) {
    await pause(checkMs, signal).catch(() => {});
  }
}

/** Asks poll(2) about standard output, without waiting. */
function outputPoll(): () => boolean {
  for (const name of libraries[Deno.build.os] ?? []) {
    try {
      const { symbols } = Deno.dlopen(name, {
        poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
      });
      const descriptor = new Uint8Array(8); // struct pollfd: int fd, short events, short revents
      new DataView(descriptor.buffer).setInt32(0, 1, true);
      return () => symbols.poll(descriptor, 1n, 0) > 0 && (descriptor[6] & gone) !== 0;
    } catch { /* another C library, or no right to call it */ }
  }
  return () => false;
}
