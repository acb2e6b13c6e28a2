/**
 * A session as far as it may be brought before it is sure that its program is to run: the Engine knows the program,
 * and one without a terminal waits at the gate of its entry script.
 */
import type { Docker, HijackedStream } from "../docker/docker.ts";
import { createExec, startExec } from "../docker/execs.ts";
import { unusedKeys } from "./detach_keys.ts";
import { entryCommand, sessionVariable } from "./entry_script.ts";
import { terminalSize } from "./raw_terminal.ts";

export interface SessionOptions {
  container: string;
  command: string[];
  /** Added to the sandbox's. */
  env: Record<string, string>;
  workingDir?: string;
  /** Default: the sandbox's. */
  user?: string;
  privileged?: boolean;
  /** Give the program this process's terminal. */
  tty: boolean;
  /** Give it this process's standard input. */
  stdin: boolean;
  /** Of a terminal; default ctrl-p,ctrl-q. */
  detachKeys?: string;
  /** Said when the program is not found. */
  missing?: string;
  /** Marks its processes. */
  session: string;
}

/** A program that the Engine knows and that does not run yet. */
export interface PreparedSession {
  id: string;
  /** Of one without a terminal: it is started and waits at the gate of its entry script. */
  stream?: HijackedStream;
}

export async function prepareSession(docker: Docker, options: SessionOptions): Promise<PreparedSession> {
  const id = await createSession(docker, options);
  return options.tty ? { id } : { id, stream: await startExec(docker, id) };
}

async function createSession(docker: Docker, options: SessionOptions): Promise<string> {
  const size = options.tty ? terminalSize() : undefined;
  const known = docker.supports("1.42"); // then the terminal has its size from the start
  return await createExec(docker, options.container, {
    Cmd: entryCommand({
      command: options.command,
      missing: options.missing,
      size: known ? undefined : size,
      gate: options.tty ? undefined : options.stdin ? "input" : "nothing",
    }),
    Env: Object.entries({ ...options.env, [sessionVariable]: options.session }).map((pair) => pair.join("=")),
    WorkingDir: options.workingDir,
    User: options.user,
    Privileged: options.privileged,
    Tty: options.tty,
    AttachStdin: options.stdin || !options.tty, // the gate's word comes that way
    AttachStdout: true,
    AttachStderr: true,
    DetachKeys: options.tty ? unusedKeys : undefined,
    ConsoleSize: size && [size.rows, size.columns],
  });
}
