/** A program on a real terminal (util-linux's `script` gives it one), typed into and watched. */

export interface TerminalSession {
  /** Sends keys. */
  type(text: string): Promise<void>;
  /**
   * Waits until what was printed since the last match fits. Throws with the screen when the program ends before,
   * or prints nothing more for two minutes.
   */
  expect(pattern: RegExp): Promise<string>;
  /** Waits for the end; the exit code. */
  ended(): Promise<number>;
  kill(): void;
}

/** Runs a shell command line on a terminal of 80 columns. */
export function onTerminal(command: string, env: Record<string, string>): TerminalSession {
  const child = new Deno.Command("script", {
    args: ["-qefc", `stty cols 80 rows 24; exec ${command}`, "/dev/null"],
    env: { TERM: "xterm", ...env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream() as ReadableWritablePair).getReader();
  let screen = "";
  let from = 0;
  let over = false;
  child.status.then(() => over = true);
  return {
    type: (text) => input.write(new TextEncoder().encode(text)),
    async expect(pattern) {
      while (true) {
        const match = pattern.exec(screen.slice(from));
        if (match) {
          from += match.index + match[0].length;
          return match[0];
        }
        const { value, done } = await withinTwoMinutes(output.read(), () => child.kill("SIGKILL"));
        if (done) throw new Error(`The program ended before ${pattern} appeared:\n${screen.slice(from)}`);
        screen += value;
      }
    },
    async ended() {
      while (!(await output.read()).done);
      await input.close().catch(() => {});
      return (await child.status).code;
    },
    kill() {
      if (!over) child.kill("SIGKILL");
    },
  };
}

/** A guard against waiting forever, not a measure of speed. */
async function withinTwoMinutes<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
  const timer = setTimeout(giveUp, 120_000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
