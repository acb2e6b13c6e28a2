/** A program of a sandbox that is prepared to run, and may yet be dropped. */
import type { Docker } from "../docker/docker.ts";
import type { Sandbox } from "./sandbox.ts";
import { type PreparedSession, prepareSession, type SessionOptions } from "./prepared_session.ts";

export type ProgramRun = Omit<SessionOptions, "container" | "session">;

export interface PreparedRun {
  docker: Docker;
  sandbox: Sandbox;
  options: SessionOptions;
  /** Awaited when it runs; may have failed before. */
  session: Promise<PreparedSession>;
}

/** Nothing of it runs before `runPrepared` (run_agent.ts). */
export function prepareRun(docker: Docker, sandbox: Sandbox, program: ProgramRun): PreparedRun {
  const workingDir = program.workingDir ?? sandbox.workspace;
  const options = { ...program, container: sandbox.id, workingDir, session: crypto.randomUUID() };
  const session = prepareSession(docker, options);
  session.catch(() => {}); // told when it runs
  return { docker, sandbox, options, session };
}

/** What waits at its gate ends. The Engine forgets by itself a program that was never started. */
export async function dropRun({ session }: PreparedRun): Promise<void> {
  await session.then(({ stream }) => stream?.close(), () => {});
}
