/**
 * Which sessions a sandbox has: one file each, naming the skiff that holds it. A session whose skiff was killed
 * is ended by the next run, so that no agent works on unseen. What ran when is kept in a log.
 */
import type { Paths } from "../paths/paths.ts";
import { sandboxFiles } from "./network/sandbox_files.ts";
import { processStart } from "../process/process_start.ts";

export interface SessionEntry {
  /** Value of the session's variable in its processes. */
  session: string;
  pid: number;
  /** Start time of that process, so that a reused pid is told apart. */
  started: string;
}

export interface LoggedSession {
  time: string;
  session: string;
  event: "start" | "end" | "detach";
  command?: string[];
  exitCode?: number;
}

export interface SessionHandle {
  close(event: "end" | "detach", exitCode?: number): Promise<void>;
}

const folderOf = (paths: Paths, key: string) => `${sandboxFiles(paths, key).state}/sessions`;
const logOf = (paths: Paths, key: string) => `${sandboxFiles(paths, key).state}/sessions.log`;

export async function openSession(
  paths: Paths,
  key: string,
  { session, command }: { session: string; command: string[] },
): Promise<SessionHandle> {
  const folder = folderOf(paths, key);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const entry: SessionEntry = { session, pid: Deno.pid, started: await processStart(Deno.pid) ?? "" };
  await Deno.writeTextFile(`${folder}/${session}`, JSON.stringify(entry));
  const log = (line: Omit<LoggedSession, "time" | "session">) =>
    Deno.writeTextFile(
      logOf(paths, key),
      `${JSON.stringify({ time: new Date().toISOString(), session, ...line })}\n`,
      { append: true, mode: 0o600 },
    ).catch(() => {}); // the sandbox may have been removed meanwhile
  await log({ event: "start", command });
  return {
    async close(event, exitCode) {
      await Promise.all([Deno.remove(`${folder}/${session}`).catch(() => {}), log({ event, exitCode })]);
    },
  };
}

/** Sessions whose skiff lives. */
export async function liveSessions(paths: Paths, key: string): Promise<SessionEntry[]> {
  return (await readSessions(paths, key)).filter(({ alive }) => alive).map(({ entry }) => entry);
}

/** Takes away the entries of sessions whose skiff is dead, and gives them. */
export async function takeOrphans(paths: Paths, key: string): Promise<SessionEntry[]> {
  const dead = (await readSessions(paths, key)).filter(({ alive }) => !alive);
  await Promise.all(dead.map(({ file }) => Deno.remove(file).catch(() => {})));
  return dead.map(({ entry }) => entry);
}

export async function readSessionLog(paths: Paths, key: string): Promise<LoggedSession[]> {
  const text = await Deno.readTextFile(logOf(paths, key)).catch(() => "");
  return text.split("\n").filter(Boolean).flatMap((line) => {
    try {
      return [JSON.parse(line) as LoggedSession];
    } catch {
      return []; // cut off by a full disk
    }
  });
}

async function readSessions(paths: Paths, key: string) {
  const folder = folderOf(paths, key);
  const found: { file: string; entry: SessionEntry; alive: boolean }[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const file = `${folder}/${name}`;
      const text = await Deno.readTextFile(file).catch(() => "");
      if (text === "") continue; // being written, or just ended
      const entry: SessionEntry = JSON.parse(text);
      found.push({ file, entry, alive: await processStart(entry.pid) === entry.started });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}
