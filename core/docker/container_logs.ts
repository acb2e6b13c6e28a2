/** What a container has written, as its log driver keeps it. */
import type { Docker } from "./docker.ts";
import { demultiplex, type OutputPiece } from "./stdcopy.ts";

export interface LogsOptions {
  stdout?: boolean;
  stderr?: boolean;
  /** Goes on with what comes, until the container stops. */
  follow?: boolean;
  /** Seconds since 1970 (fractions allowed), or a date. */
  since?: number | Date;
  until?: number | Date;
  /** The last so many lines. Default all. */
  tail?: number | "all";
  /** Each line starts with its time. */
  timestamps?: boolean;
  /** Whether it has a terminal, which saves an inspect on Engines before API 1.42. */
  tty?: boolean;
  signal?: AbortSignal;
}

/**
 * The pieces in order; a terminal's output is all "stdout". Throws "not_found", and "unsupported" where the
 * log driver cannot be read.
 */
export async function* containerLogs(
  docker: Docker,
  id: string,
  { stdout = true, stderr = true, follow, since, until, tail, timestamps, signal, tty }: LogsOptions = {},
): AsyncGenerator<OutputPiece> {
  const path = `/containers/${encodeURIComponent(id)}`;
  // Only newer Engines tell by the type of the answer whether it is framed.
  tty ??= docker.supports("1.42")
    ? undefined
    : (await docker.json<{ Config: { Tty: boolean } }>("GET", `${path}/json`, { signal })).Config.Tty;
  const query = { stdout, stderr, follow, since: seconds(since), until: seconds(until), tail, timestamps };
  const response = await docker.request("GET", `${path}/logs`, { query, signal, long: true });
  if (!response.body) return;
  const isPlain = docker.supports("1.42")
    ? (response.headers.get("content-type") ?? "").includes("raw-stream")
    : tty;
  try {
    if (!isPlain) yield* demultiplex(response.body);
    else for await (const data of response.body) yield { stream: "stdout", data };
  } catch (error) {
    throw docker.streamError(error, signal);
  }
}

function seconds(time: number | Date | undefined): number | undefined {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
