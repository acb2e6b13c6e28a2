/** Gives back what large messages took: the engine of the language does so by itself only when it needs the room. */

/** Bytes of a line. */
const large = 8 * 1024 * 1024;
/** Milliseconds after the last one, for it to be handed on. */
const restMs = 2000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** To be told of every line that was read or written. */
export function lineTaken(bytes: number): void {
  if (bytes < large) return;
  const { gc } = globalThis as { gc?: () => void }; // there in the executable
  if (!gc) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    /^/.test(""); // the text that was searched last is kept for as long as nothing else is searched
    gc();
    // What the first run has let go of is freed by the next one.
    timer = setTimeout(() => {
      gc();
      trimAllocator();
    }, restMs);
    Deno.unrefTimer(timer);
  }, restMs);
  Deno.unrefTimer(timer);
}

/** Linux's C library keeps what was freed, some 100 MB after a message of 100 MB, unless it is asked. */
function trimAllocator(): void {
  if (Deno.build.os !== "linux") return;
  try {
    const library = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
    library.symbols.malloc_trim(0n);
    library.close();
  } catch { /* another C library, or no right to call it: it is as it was */ }
}
