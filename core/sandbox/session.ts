/**
 * One program in a sandbox, attached to this process: terminal or pipes, signals, exit code. When skiff goes, the
 * program goes too, unless it was detached from.
 */
import { inspectExec, resizeExec, startExec } from "../docker/execs.ts";
import type { Docker, HijackedStream } from "../docker/docker.ts";
import { demultiplex } from "../docker/stdcopy.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { DetachWatch, parseDetachKeys } from "./detach_keys.ts";
import { runCaptured } from "./captured_exec.ts";
import { gateWord, killCommand } from "./entry_script.ts";
import type { PreparedSession, SessionOptions } from "./prepared_session.ts";
import { RawTerminal, type TerminalSize, terminalSize } from "./raw_terminal.ts";
import { SignalRelay } from "./signal_relay.ts";

const defaultKeys = "ctrl-p,ctrl-q";

export interface SessionEnd {
  /** Of the program; 128 + signal when skiff was told to end. */
  code: number;
  /** It runs on without a terminal. */
  detached: boolean;
}

/**
 * Runs what was prepared with these options to its end. Throws what the Engine says, and "unavailable" when the
 * Engine goes away meanwhile.
 */
export async function runSession(
  docker: Docker,
  options: SessionOptions,
  prepared: Promise<PreparedSession>,
): Promise<SessionEnd> {
  const size = options.tty ? terminalSize() : undefined;
  const watch = options.tty ? new DetachWatch(parseDetachKeys(options.detachKeys || defaultKeys)) : undefined;
  const terminal = new RawTerminal();
  const relay = new SignalRelay((signal) => sendSignal(docker, options, signal));
  relay.open();
  let abrupt = true;
  try {
    const [{ id, stream: waiting }] = await Promise.all([
      prepared,
      options.tty ? terminal.enter() : undefined,
    ]);
    const consoleSize: [number, number] | undefined = size && [size.rows, size.columns];
    const stream = waiting ?? await startExec(docker, id, { tty: options.tty, consoleSize });
    relay.onGiveUp = () => stream.close();
    if (options.tty) followSize(docker, id, terminal, size);
    const input = new Input(stream, watch);
    if (waiting) await openGate(waiting);
    if (options.stdin) void input.pump();
    else if (waiting) await waiting.closeWrite();
    await pumpOutput(stream, options.tty, () => relay.end("SIGHUP")).catch((error) => {
      if (!input.detached) throw error; // the stream was closed under it
    });
    const end = input.detached ? { code: 0, detached: true } : await outcome(docker, id, relay);
    abrupt = end.detached || relay.signal !== undefined;
    return end;
  } catch (error) {
    throw relay.signal === undefined
      ? startError(error, options)
      : new SkiffError("interrupted", "Interrupted");
  } finally {
    relay.close();
    terminal.leave({ abrupt });
  }
}

async function openGate(stream: HijackedStream): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${gateWord}\n`))
    .catch(() => {}); // it has ended: the image has no shell, say
  writer.releaseLock();
}

/** Tells the Engine about each new size; the first one again, for the window may have changed meanwhile. */
function followSize(docker: Docker, id: string, terminal: RawTerminal, first?: TerminalSize): void {
  const resize = async ({ rows, columns }: TerminalSize, again = true): Promise<void> => {
    try {
      await resizeExec(docker, id, { height: rows, width: columns });
    } catch {
      if (again) await resize({ rows, columns }, false); // older Engines refuse before the process runs
    }
  };
  terminal.onResize((size) => void resize(size));
  const now = terminalSize();
  if (now && (!docker.supports("1.42") || now.rows !== first?.rows || now.columns !== first?.columns)) {
    void resize(now);
  }
}

/** This process's input, as the program gets it. */
class Input {
  /** The detach keys were typed. */
  detached = false;

  constructor(private readonly stream: HijackedStream, private readonly watch: DetachWatch | undefined) {}

  async pump(): Promise<void> {
    const writer = this.stream.writable.getWriter();
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (
        let length = await Deno.stdin.read(buffer);
        length !== null;
        length = await Deno.stdin.read(buffer)
      ) {
        const { pass, detached } = this.watch?.push(buffer.subarray(0, length)) ??
          { pass: buffer.slice(0, length), detached: false };
        if (pass.length > 0) await writer.write(pass);
        if (!detached) continue;
        this.detached = true;
        return this.stream.close();
      }
      writer.releaseLock();
      await this.stream.closeWrite();
    } catch {
      // the program has ended, or closed its input
    }
  }
}

/** Both streams to where they belong. A reader that has seen enough (`… | head`) ends the program. */
async function pumpOutput(stream: HijackedStream, tty: boolean, closed: () => Promise<void>): Promise<void> {
  try {
    if (tty) {
      for await (const piece of stream.readable) await writeAll(Deno.stdout, piece);
    } else {
      for await (const { stream: name, data } of demultiplex(stream.readable)) {
        await writeAll(name === "stderr" ? Deno.stderr : Deno.stdout, data);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    await closed();
  }
}

async function writeAll(to: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await to.write(rest));
}

const pollMs = 20;
const mostPolls = 50;

/** After its streams have ended: its code, or that it runs on because the detach keys were typed. */
async function outcome(docker: Docker, id: string, relay: SignalRelay): Promise<SessionEnd> {
  for (let polls = 0;; polls++) {
    const { Running, ExitCode } = await inspectExec(docker, id).catch((cause) => {
      throw new SkiffError("unavailable", "The Docker Engine went away while the program ran", {
        hint: "When it is back, the same command enters the sandbox again.",
        cause,
      });
    });
    if (!Running && ExitCode !== null) return { code: ExitCode, detached: false };
    if (relay.signal !== undefined && polls >= 5) return { code: relay.exitCode, detached: false };
    if (polls >= mostPolls) return { code: 0, detached: true };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Sends a signal to all processes of the session, by a second program in the sandbox. */
export async function sendSignal(
  docker: Docker,
  { container, session, user }: Pick<SessionOptions, "container" | "session" | "user">,
  signal: string,
): Promise<void> {
  await runCaptured(docker, container, {
    Cmd: killCommand(session, signal.replace(/^SIG/, "")),
    User: user,
    WorkingDir: "/",
  });
}

/** Images without a shell cannot run the entry script: for the user that is a missing program as well. */
function startError(error: unknown, { missing }: SessionOptions): unknown {
  if (!(error instanceof SkiffError)) return error;
  if (missing && /\/bin\/sh.*(no such file|not found)|executable file not found/i.test(error.message)) {
    return new SkiffError("not_found", missing, { cause: error });
  }
  return error;
}
