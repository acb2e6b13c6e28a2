/** Further processes in a running container. */
import type { Abortable, TerminalSize } from "./containers.ts";
import type { Docker, HijackedStream } from "./docker.ts";
import type { ExecConfig, ExecInspect } from "./types/container.ts";

/** The id of a process that is ready to start. Throws "not_found", "conflict" (it does not run, is paused). */
export async function createExec(
  docker: Docker,
  container: string,
  { ConsoleSize, ...config }: ExecConfig,
  { signal }: Abortable = {},
): Promise<string> {
  const body = { ...config, ...(docker.supports("1.42") ? { ConsoleSize } : {}) };
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  return (await docker.json<{ Id: string }>("POST", path, { body, signal })).Id;
}

export interface StartExecOptions extends Abortable {
  /** As in the exec's own configuration. */
  tty?: boolean;
  /** Height and width, from API 1.42; else call `resizeExec` after the start. */
  consoleSize?: [number, number];
}

/**
 * Starts it; gives its streams (plain with a terminal, else frames for `demultiplex`). They end when the
 * process has closed them; closing them does not end the process.
 */
export async function startExec(
  docker: Docker,
  id: string,
  { tty = false, consoleSize, signal }: StartExecOptions = {},
): Promise<HijackedStream> {
  const size = docker.supports("1.42") && tty ? { ConsoleSize: consoleSize } : {};
  return await docker.hijack("POST", `/exec/${id}/start`, {
    body: { Detach: false, Tty: tty, ...size },
    signal,
  });
}

/** Starts it and leaves it alone. */
export async function startDetachedExec(
  docker: Docker,
  id: string,
  { tty = false, signal }: StartExecOptions = {},
): Promise<void> {
  await docker.call("POST", `/exec/${id}/start`, { body: { Detach: true, Tty: tty }, signal });
}

/** `ExitCode` is null while it runs. */
export async function inspectExec(
  docker: Docker,
  id: string,
  { signal }: Abortable = {},
): Promise<ExecInspect> {
  return await docker.json("GET", `/exec/${id}/json`, { signal });
}

/** Works once the process has started. */
export async function resizeExec(
  docker: Docker,
  id: string,
  { height, width, signal }: TerminalSize & Abortable,
): Promise<void> {
  await docker.call("POST", `/exec/${id}/resize`, { query: { h: height, w: width }, signal });
}
