/** Programs that tests start and leave running: no pipe ties them to the test's process, their output is a log. */

export interface DaemonSettings {
  words: string[];
  env?: Record<string, string>;
  /** Who runs it; default this process's user. */
  user?: { uid: number; gid: number };
  log: string;
  /** Whether it serves. */
  ready(): Promise<boolean>;
  seconds?: number;
}

const path = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** Waits until it serves; its number. Throws with the end of its log when it ends before or takes too long. */
export async function startDaemon(
  { words, env = {}, user, log, ready, seconds = 90 }: DaemonSettings,
): Promise<number> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh", log, ...words],
    env: { ...env, PATH: env.PATH ? `${env.PATH}:${path}` : path },
    ...user,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  child.unref();
  let ended = false;
  child.status.then(() => ended = true);
  for (let tries = 0; !await ready(); tries++) {
    if (ended || tries > seconds * 10) {
      throw new Error(`${words[0].split("/").at(-1)} does not start: ${await lastLines(log)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child.pid;
}

async function lastLines(path: string): Promise<string> {
  const lines = (await Deno.readTextFile(path).catch(() => "")).trim().split("\n");
  return lines.slice(-5).join("\n");
}

/** Ends a process that tests started, and waits until it has gone. */
export async function endProcess(pid: number, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  try {
    Deno.kill(pid, signal);
  } catch {
    return; // it has ended meanwhile
  }
  for (let tries = 0; await isAlive(pid); tries++) {
    if (tries === 300) Deno.kill(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}
