/** The server's log: one file that is rotated at a size, which readers can follow. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { Channel } from "./event_stream.ts";

const rotateAtBytes = 10 * 1024 * 1024;

/** Whose line it is: the server's own, or one that an engine wrote. */
export type LogSource = "server" | "engine";

export interface LogReading {
  /** Go on with lines as they come. */
  follow: boolean;
  /** With the engines' lines. */
  engines: boolean;
  signal: AbortSignal;
}

export class ServerLog {
  readonly path: string;
  #file: Deno.FsFile;
  #size: number;
  #readers = new Set<Channel<string>>();
  #echo?: (line: string) => void;
  #rotateAt: number;

  private constructor(path: string, file: Deno.FsFile, size: number, options: LogOptions) {
    this.path = path;
    this.#file = file;
    this.#size = size;
    this.#echo = options.echo;
    this.#rotateAt = options.rotateAtBytes ?? rotateAtBytes;
  }

  /** Opens `server.log` in `folder`, which is made. */
  static open(folder: string, options: LogOptions = {}): ServerLog {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = `${folder}/server.log`;
    const file = appendable(path);
    return new ServerLog(path, file, file.statSync().size, options);
  }

  /** Adds a line (line breaks in it become spaces). A full disk loses the line, not the server. */
  write(source: LogSource, message: string): void {
    const line = `${new Date().toISOString()} ${source} ${message.replace(/\s*[\r\n]+\s*/g, " ")}\n`;
    this.#echo?.(line);
    for (const reader of this.#readers) reader.push(line);
    try {
      const bytes = new TextEncoder().encode(line);
      if (this.#size + bytes.length > this.#rotateAt) this.#rotate();
      this.#file.writeSync(bytes);
      this.#size += bytes.length;
    } catch {
      // There is nowhere to tell it.
    }
  }

  #rotate(): void {
    this.#file.close();
    try {
      Deno.renameSync(this.path, `${this.path}.1`);
    } finally {
      this.#file = appendable(this.path);
      this.#size = this.#file.statSync().size;
    }
  }

  /** The lines so far (the rotated file's first), then new ones when following. Throws "not_found". */
  async read({ follow, engines, signal }: LogReading): Promise<AsyncGenerator<string>> {
    const channel = new Channel<string>();
    const end = () => channel.end();
    if (follow) this.#readers.add(channel);
    const old = await Deno.readTextFile(`${this.path}.1`).catch(() => "");
    const current = await Deno.readTextFile(this.path).catch((cause) => {
      this.#readers.delete(channel);
      throw new SkiffError("not_found", `There is no log file ${this.path}`, { cause });
    });
    const wanted = (line: string) => engines || line.split(" ", 2)[1] !== "engine";
    const readers = this.#readers;
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    return (async function* () {
      try {
        const lines = (old + current).split(/(?<=\n)/).filter(wanted);
        yield lines.join("");
        if (!follow) return;
        for await (const line of channel) if (wanted(line)) yield line;
      } finally {
        readers.delete(channel);
        signal.removeEventListener("abort", end);
      }
    })();
  }

  close(): void {
    for (const reader of this.#readers) reader.end();
    this.#file.close();
  }
}

export interface LogOptions {
  /** Called with each line, e.g. to show it on a terminal. */
  echo?: (line: string) => void;
  rotateAtBytes?: number;
}

function appendable(path: string): Deno.FsFile {
  return Deno.openSync(path, { write: true, create: true, append: true, mode: 0o600 });
}
