/** The real world for commands: this process's streams, environment and signals. */
import type { Context } from "./command.ts";

/** `words` are only looked at for `--debug`; parsing is run_command.ts's. */
export function processContext(words: string[]): Context {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  const stdoutIsTerminal = Deno.stdout.isTerminal();
  let signal: AbortSignal | undefined;
  return {
    env: Deno.env,
    get signal() {
      return signal ??= interruptSignal();
    },
    debug: own.includes("--debug"),
    color: stdoutIsTerminal && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb",
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal,
    stderrIsTerminal: Deno.stderr.isTerminal(),
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
  };
}

/** Aborted by the first Ctrl+C or SIGTERM; the second one ends the process at once. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort(new DOMException("Interrupted", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", interrupt);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);
  return controller.signal;
}

const encoder = new TextEncoder();

async function writeAll(stream: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(await stream.write(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0); // the reader has seen enough (`… | head`)
    throw error;
  }
}
