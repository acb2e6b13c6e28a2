/** The terminal of this process. */
import type { Terminal } from "./line_reader.ts";

/** Keys come from stdin; `output` is where it is drawn: stderr when stdout is for something else. */
export function ownTerminal(output: { write(bytes: Uint8Array): Promise<number> }): Terminal {
  return {
    read: (buffer) => Deno.stdin.read(buffer),
    setRaw: (raw) => Deno.stdin.setRaw(raw),
    async write(text) {
      let bytes = new TextEncoder().encode(text);
      while (bytes.length > 0) bytes = bytes.subarray(await output.write(bytes));
    },
    columns: () => Deno.consoleSize().columns,
  };
}
