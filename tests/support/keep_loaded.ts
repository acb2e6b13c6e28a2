/** Native libraries that stay in the process. */

const flags = Deno.build.os === "darwin" ? 0x82 : 0x1002; // RTLD_NOW | RTLD_NODELETE

/**
 * Loads a library for good. Deno closes what a test file opened when the file is done; ggml does not survive being
 * loaded a second time by the next one (it asserts that nobody installed its handler of uncaught exceptions before).
 */
export function keepLoaded(path: string): void {
  if (Deno.build.os === "windows") return;
  const libc = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  });
  libc.symbols.dlopen(new TextEncoder().encode(`${path}\0`), flags);
  libc.close();
}
