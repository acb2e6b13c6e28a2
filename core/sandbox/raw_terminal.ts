/**
 * The user's terminal while a program of a sandbox has it: raw, so that every key reaches the program, and
 * given back as it was whatever happens.
 */

export interface TerminalSize {
  rows: number;
  columns: number;
}

/** Leaves what a full-screen program that was cut off has set: other screen, mouse, paste and key modes. */
const resetSequence =
  "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[?25h\x1b[0m\r\n";

export class RawTerminal {
  #raw = false;
  readonly #restore = () => this.leave();
  #resized?: () => void;

  /** Raw from here on. */
  async enter(): Promise<void> {
    Deno.stdin.setRaw(true);
    this.#raw = true;
    globalThis.addEventListener("unload", this.#restore); // also when something calls Deno.exit
    if (Deno.build.os === "windows") return;
    // Deno leaves output processing on, which would turn a line feed ("one down") into a new line. What it
    // restores in the end are the settings from before, this one included.
    await new Deno.Command("stty", { args: ["-opost"], stdin: "inherit", stdout: "null", stderr: "null" })
      .output().catch(() => {});
  }

  /** As it was before; may be called several times. `abrupt`: the program had no chance to tidy up. */
  leave({ abrupt = false } = {}): void {
    if (!this.#raw) return;
    this.#raw = false;
    globalThis.removeEventListener("unload", this.#restore);
    this.onResize(undefined);
    try {
      Deno.stdin.setRaw(false);
      if (abrupt) Deno.stdout.writeSync(new TextEncoder().encode(resetSequence));
    } catch {
      // the terminal is gone
    }
  }

  /** Calls back at each change of size. */
  onResize(resized: ((size: TerminalSize) => void) | undefined): void {
    if (Deno.build.os === "windows") return;
    if (this.#resized) Deno.removeSignalListener("SIGWINCH", this.#resized);
    this.#resized = undefined;
    if (!resized) return;
    this.#resized = () => {
      const size = terminalSize();
      if (size) resized(size);
    };
    Deno.addSignalListener("SIGWINCH", this.#resized);
  }
}

/** Undefined where there is no terminal. */
export function terminalSize(): TerminalSize | undefined {
  try {
    const { rows, columns } = Deno.consoleSize();
    return rows > 0 && columns > 0 ? { rows, columns } : undefined;
  } catch {
    return undefined;
  }
}

/** Terminals whose descriptions templates have; others are told that they are an xterm with 256 colours. */
const knownTerminals =
  /^(xterm(-256color)?|screen(-256color)?|tmux(-256color)?|linux|vt\d+|rxvt.*|dumb|ansi)$/;

/** Variables that tell a program about the terminal. */
export function terminalEnvironment(
  env: { get(name: string): string | undefined },
): Record<string, string> {
  const term = env.get("TERM") ?? "xterm";
  const variables: Record<string, string> = { TERM: knownTerminals.test(term) ? term : "xterm-256color" };
  for (const name of ["COLORTERM", "NO_COLOR", "FORCE_COLOR", "LANG"]) {
    const value = env.get(name);
    if (value && (name !== "LANG" || /utf-?8/i.test(value))) {
      variables[name] = name === "LANG" ? "C.UTF-8" : value;
    }
  }
  return variables;
}
