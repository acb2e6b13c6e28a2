/** A server that has nothing to do gives back the memory that large transfers left behind. */

const worthwhileBytes = 100e6;

/**
 * Collects garbage and returns freed pages to the system when this process is large. Takes some tens of
 * milliseconds; does what the platform can (glibc keeps freed memory until malloc_trim(3)).
 */
export function giveMemoryBack(): void {
  if (Deno.memoryUsage().rss < worthwhileBytes) return;
  (globalThis as { gc?: () => void }).gc?.();
  if (Deno.build.os !== "linux") return;
  try {
    const libc = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
    libc.symbols.malloc_trim(0n);
    libc.close();
  } catch {
    // another C library, which has its own ways
  }
}
