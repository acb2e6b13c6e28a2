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
    Deno.unrefTimer(setTimeout(gc, restMs)); // what the first run has let go of is given back by the next one
  }, restMs);
  Deno.unrefTimer(timer);
}
