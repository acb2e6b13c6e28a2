/** What happened in a sandbox: sessions, decisions of the proxy, the container's own words, by time. */
import { containerLogs } from "../docker/container_logs.ts";
import { sandboxFiles } from "./network/sandbox_files.ts";
import type { Sandbox } from "./sandbox.ts";
import { type LoggedSession, readSessionLog } from "./session_record.ts";
import type { World } from "./world.ts";

export interface LogLine {
  /** ISO time. */
  time: string;
  source: "session" | "network" | "container";
  message: string;
}

export async function sandboxLogs({ docker, paths }: World, { id, key }: Sandbox): Promise<LogLine[]> {
  const { log } = sandboxFiles(paths, key);
  const [sessions, decisions, container] = await Promise.all([
    readSessionLog(paths, key),
    readDecisions([`${log}.1`, log]),
    readContainer(docker, id),
  ]);
  const lines = [...sessions.map(sessionLine), ...decisions, ...container];
  return lines.sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
}

function sessionLine({ time, event, command, exitCode, session }: LoggedSession): LogLine {
  const name = session.slice(0, 8);
  const message = event === "start"
    ? `${name} started: ${(command ?? []).map(quoted).join(" ")}`
    : event === "detach"
    ? `${name} left running`
    : `${name} ended with ${exitCode ?? "an error"}`;
  return { time, source: "session", message };
}

const quoted = (word: string) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

async function readDecisions(files: string[]): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const file of files) {
    for (const line of (await Deno.readTextFile(file).catch(() => "")).split("\n")) {
      if (line === "") continue;
      try {
        const { time, kind, target, allowed, reason } = JSON.parse(line);
        const message = `${allowed ? "allowed" : "denied"} ${kind} ${target}: ${reason}`;
        lines.push({ time, source: "network", message });
      } catch {
        continue; // being written
      }
    }
  }
  return lines;
}

async function readContainer(docker: World["docker"], id: string): Promise<LogLine[]> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const { data } of containerLogs(docker, id, { timestamps: true, tty: false })) {
    text += decoder.decode(data, { stream: true });
  }
  return text.split("\n").filter(Boolean).map((line) => {
    const at = line.indexOf(" ");
    return { time: line.slice(0, at), source: "container", message: line.slice(at + 1) };
  });
}
