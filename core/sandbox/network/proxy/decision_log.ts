/** What was decided for a sandbox: one JSON object a line, bounded, without paths, bodies or credentials. */
import { dirname } from "node:path";

export interface LogEntry {
  /** ISO time. */
  time: string;
  /** What asked: the proxy for a tunnel or plain HTTP, or one of the other ways out. */
  kind: "tunnel" | "http" | "model" | "mcp" | "credentials" | "docker";
  /** "github.com:443"; a route's name for the others: "POST /v1/responses". */
  target: string;
  allowed: boolean;
  reason: string;
  rule?: string;
}

/** Bytes after which a log starts anew; the one before is kept as `<path>.1`. */
export const longestLog = 1024 * 1024;

export class DecisionLog {
  readonly path: string;
  #file?: Deno.FsFile;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a line. A log that cannot be written stops nothing. */
  add(entry: Omit<LogEntry, "time">): void {
    const line = new TextEncoder().encode(
      `${JSON.stringify({ time: new Date().toISOString(), ...entry, target: entry.target.slice(0, 300) })}\n`,
    );
    try {
      if (this.#file && this.#bytes + line.length > longestLog) this.#startAnew();
      this.#open().writeSync(line);
      this.#bytes += line.length;
    } catch {
      this.close();
    }
  }

  #open(): Deno.FsFile {
    if (this.#file) return this.#file;
    Deno.mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    this.#file = Deno.openSync(this.path, { create: true, append: true, mode: 0o600 });
    this.#bytes = this.#file.statSync().size;
    return this.#file;
  }

  #startAnew(): void {
    this.close();
    Deno.renameSync(this.path, `${this.path}.1`);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/**
 * The entries that a log and its predecessor hold, oldest first, and how many bytes of the log they are: what
 * comes later begins there. Lines that cannot be read are left out.
 */
export async function readLog(path: string): Promise<{ entries: LogEntry[]; bytes: number }> {
  const before = await Deno.readFile(`${path}.1`).catch(() => new Uint8Array());
  const now = await Deno.readFile(path).catch(() => new Uint8Array());
  const whole = now.subarray(0, now.lastIndexOf(10) + 1);
  const entries = [before, whole].flatMap((bytes) => parseLines(new TextDecoder().decode(bytes)));
  return { entries, bytes: whole.length };
}

function parseLines(text: string): LogEntry[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** Entries behind the first `from` bytes, and on until the signal aborts. The folder must exist. */
export async function* followLog(path: string, from: number, signal: AbortSignal): AsyncGenerator<LogEntry> {
  using watcher = Deno.watchFs(dirname(path), { recursive: false });
  signal.addEventListener("abort", () => watcher.close(), { once: true });
  if (signal.aborted) return;
  let at = from;
  const news = async () => {
    const bytes = await Deno.readFile(path).catch(() => undefined);
    if (!bytes) return [];
    if (bytes.length < at) at = 0; // it was started anew
    const end = bytes.lastIndexOf(10) + 1;
    const entries = parseLines(new TextDecoder().decode(bytes.subarray(at, end)));
    at = Math.max(at, end);
    return entries;
  };
  yield* await news();
  for await (const { paths } of watcher) {
    if (paths.some((one) => one === path)) yield* await news();
  }
}
