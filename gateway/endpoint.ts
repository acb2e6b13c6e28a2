/** Where the server listens and where its clients look for it. Light: the client's start-up loads it. */
import { SkiffError } from "../core/errors/skiff_error.ts";
import type { Paths } from "../core/paths/paths.ts";

export const defaultPort = 12434;

/** The files that belong to one server: all in a folder of the user's own. */
export interface ServerFiles {
  /** Unix socket; undefined on Windows. */
  socket?: string;
  /** Held while a server starts or ends, so that two never do at once. */
  startLock: string;
  /** Held as long as the server lives. */
  lifeLock: string;
  /** Folder of server.log. */
  logs: string;
}

/** The longest path that fits a socket address on all systems (macOS has 104 bytes with the final zero). */
const longestSocketPath = 100;

/** The server files for these folders. A socket path that would be too long moves to the temporary folder. */
export function serverFiles(paths: Paths, os: string = Deno.build.os): ServerFiles {
  const folder = paths.runtime;
  const locks = {
    startLock: `${folder}/server.lock`,
    lifeLock: `${folder}/server.life`,
    logs: `${paths.state}/logs`,
  };
  if (os === "windows") return locks;
  const socket = `${folder}/server.sock`;
  if (new TextEncoder().encode(socket).length <= longestSocketPath) return { ...locks, socket };
  return { ...locks, socket: `/tmp/skiff-${Deno.uid()}-${shortHash(folder)}/server.sock` };
}

/** FNV-1a; only to keep folders of different homes apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

type Environment = { get(name: string): string | undefined };

/** The TCP port: MODEL_RUNNER_PORT or 12434. Throws "usage" for what is no port. */
export function portSetting(env: Environment = Deno.env): number {
  const text = env.get("MODEL_RUNNER_PORT");
  if (!text) return defaultPort;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new SkiffError("usage", `MODEL_RUNNER_PORT is no port number: "${text}"`, {
    hint: "Set it to a number from 1 to 65535, or unset it.",
  });
}

/** What a server started in the background tells the process that started it: one JSON line on stdout. */
export type StartReport =
  | { ready: true; pid: number; log: string; addresses: ServerAddresses }
  | {
    ready: false;
    error: { code: string; message: string; hint?: string; details?: Record<string, unknown> };
  };

export interface ServerAddresses {
  /** "http://127.0.0.1:12434" */
  url: string;
  /** Path of the unix socket. */
  socket?: string;
}
