/** The real world for commands: this process's streams, environment and signals. */
import type { Context } from "./command.ts";

export interface ProcessContext extends Context {
  /** Resolves when all that was given to `out` and `err` is written; to be awaited before the process ends. */
  written(): Promise<void>;
}

/** `words` are only looked at for `--debug`; parsing is run_command.ts's. */
export function processContext(words: string[]): ProcessContext {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  const stdoutIsTerminal = Deno.stdout.isTerminal();
  const stdout = new TextWriter(Deno.stdout);
  const stderr = new TextWriter(Deno.stderr);
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
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    written: async () => void await Promise.all([stdout.written, stderr.written]),
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

/** Writes texts one after the other, also those whose writing nobody waited for. */
class TextWriter {
  written: Promise<void> = Promise.resolve();

  constructor(private readonly stream: { write(bytes: Uint8Array): Promise<number> }) {}

  write(text: string): Promise<void> {
    return this.written = this.written.then(() => writeAll(this.stream, text));
  }
}

async function writeAll(stream: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(await stream.write(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0); // the reader has seen enough (`… | head`)
    throw error;
  }
}
