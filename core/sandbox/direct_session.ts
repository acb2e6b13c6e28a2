/**
 * A program that the sandbox's main process starts for skiff, without the Engine (assets/sessions.c has the
 * frames). skiff listens, the sandbox connects: nothing of the sandbox is ever connected to, and all that is
 * taken from it are bytes of output and an exit code, for whoever is in there may answer in its place.
 */
import { SkiffError } from "../errors/skiff_error.ts";

export interface DirectProgram {
  /** Argument vector; the first is a path. */
  command: string[];
  /** Added to the container's. */
  env: Record<string, string>;
  workingDir: string;
  /** Input will come; else it is empty. */
  stdin: boolean;
}

/** What is done with its output; the bytes are only good until it resolves. */
export type TakeOutput = (stream: "stdout" | "stderr", bytes: Uint8Array) => Promise<void>;

const toProgram = { request: 1, input: 2, inputEnd: 3, signal: 4 } as const;
const fromProgram = { started: 1, failed: 2, output: 3, errors: 4, credit: 5, exit: 6 } as const;
const headerLength = 5;
const longestRequest = 2 * 2 ** 20;
const longestPiece = 64 * 1024;
/** Bytes of input that may be under way. */
const inputWindow = 256 * 1024;
const connectMs = 500;

const signalNumbers: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 };

/** The frame of a request, or undefined for one that only the Engine can take. Pure. */
export function encodeRequest({ command, env, workingDir, stdin }: DirectProgram): Uint8Array | undefined {
  const variables = Object.entries(env).map((pair) => pair.join("="));
  const words = [workingDir, ...command, ...variables];
  if (words.some((word) => word.includes("\0"))) return undefined;
  const text = new TextEncoder().encode(`${words.join("\0")}\0`);
  if (text.length + 9 > longestRequest) return undefined;
  const frame = new Uint8Array(headerLength + 9 + text.length);
  writeHeader(frame, toProgram.request, 9 + text.length);
  frame[headerLength] = stdin ? 1 : 0;
  const view = new DataView(frame.buffer);
  view.setUint32(headerLength + 1, command.length, true);
  view.setUint32(headerLength + 5, variables.length, true);
  frame.set(text, headerLength + 9);
  return frame;
}

function writeHeader(frame: Uint8Array, type: number, length: number): void {
  frame[0] = type;
  new DataView(frame.buffer, frame.byteOffset).setUint32(1, length, true);
}

/**
 * Lets the main process of a sandbox connect: `folder` is its folder of sessions on the host. Undefined when it
 * does not come at once; nothing has happened then.
 */
export async function connectDirect(folder: string): Promise<DirectSession | undefined> {
  const name = crypto.randomUUID().slice(0, 6);
  const [hidden, path] = [`${folder}/.${name}`, `${folder}/${name}`];
  let listener: Deno.UnixListener | undefined;
  try {
    listener = Deno.listen({ transport: "unix", path: hidden });
    Deno.chmodSync(hidden, 0o666); // the user inside may have any id; the folder's parent keeps others out
    Deno.renameSync(hidden, path); // which the main process sees, with somebody listening
    const open = listener;
    // Not cleared, for the first clearTimeout costs Deno 2.9 20 ms.
    Deno.unrefTimer(setTimeout(() => close(open), connectMs));
    return new DirectSession(await listener.accept());
  } catch {
    return undefined; // no such folder, or nobody came
  } finally {
    if (listener) close(listener);
    for (const left of [path, hidden]) remove(left);
  }
}

function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    return; // it was closed
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    return; // it has its other name, or there is no folder
  }
}

export class DirectSession {
  readonly #connection: Deno.UnixConn;
  readonly #buffer = new Uint8Array(4 * longestPiece);
  #from = 0;
  #to = 0;
  #writing: Promise<void> = Promise.resolve();
  #underWay = 0;
  #room?: PromiseWithResolvers<void>;
  #closed = false;

  constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Whether the program runs. If not, nothing has happened, and nothing of the input is lost. */
  async start(request: Uint8Array): Promise<boolean> {
    try {
      await this.#write(request);
      const frame = await this.#header();
      if (frame?.type === fromProgram.started && frame.length === 0) return true;
      this.close();
      if (!frame || frame.type === fromProgram.failed) return false;
    } catch {
      this.close();
      return false;
    }
    throw broken();
  }

  /**
   * Its outputs, to its end; the exit code, or undefined when the connection ended first (the sandbox was
   * stopped, or `close` called). Throws "unavailable" for what no main process says.
   */
  async finish(take: TakeOutput): Promise<number | undefined> {
    try {
      for (;;) {
        const frame = await this.#header();
        if (!frame) return undefined;
        const { type, length } = frame;
        if (type === fromProgram.output || type === fromProgram.errors) {
          if (length > longestPiece) throw broken();
          if (!await this.#pass(length, type === fromProgram.errors ? "stderr" : "stdout", take)) {
            return undefined;
          }
          continue;
        }
        if ((type !== fromProgram.credit && type !== fromProgram.exit) || length !== 4) throw broken();
        if (!await this.#have(4)) return undefined;
        const value = new DataView(this.#buffer.buffer).getUint32(this.#from, true);
        this.#from += 4;
        if (type === fromProgram.exit) return value & 255;
        this.#credit(value);
      }
    } finally {
      this.close();
    }
  }

  /** Sends what `input` reads, and its end. Resolves early when the session has ended. */
  async pump(input: { read(into: Uint8Array): Promise<number | null> }): Promise<void> {
    const frame = new Uint8Array(headerLength + longestPiece);
    try {
      for (;;) {
        const length = await input.read(frame.subarray(headerLength));
        if (length === null) break;
        while (this.#underWay + length > inputWindow && !this.#closed) {
          await (this.#room ??= Promise.withResolvers()).promise;
        }
        this.#underWay += length;
        writeHeader(frame, toProgram.input, length);
        await this.#write(frame.subarray(0, headerLength + length));
      }
      await this.#write(new Uint8Array([toProgram.inputEnd, 0, 0, 0, 0]));
    } catch {
      return; // the program has ended
    }
  }

  /** To all processes of the session. */
  async signal(name: string): Promise<void> {
    await this.#write(new Uint8Array([toProgram.signal, 1, 0, 0, 0, signalNumbers[name]]));
  }

  /** The main process ends the program when it still runs. */
  close(): void {
    this.#closed = true;
    this.#room?.resolve();
    close(this.#connection);
  }

  #credit(bytes: number): void {
    if (bytes > this.#underWay) throw broken();
    this.#underWay -= bytes;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** One frame after the other, whoever sends them. */
  #write(frame: Uint8Array): Promise<void> {
    const written = this.#writing.then(async () => {
      for (let rest = frame; rest.length > 0;) rest = rest.subarray(await this.#connection.write(rest));
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  async #header(): Promise<{ type: number; length: number } | undefined> {
    if (!await this.#have(headerLength)) return undefined;
    const type = this.#buffer[this.#from];
    const length = new DataView(this.#buffer.buffer).getUint32(this.#from + 1, true);
    this.#from += headerLength;
    return { type, length };
  }

  /** Reads until so many bytes are in the buffer; false at the end of the connection. */
  async #have(length: number): Promise<boolean> {
    while (this.#to - this.#from < length) {
      if (this.#from > 0) {
        this.#buffer.copyWithin(0, this.#from, this.#to);
        [this.#from, this.#to] = [0, this.#to - this.#from];
      }
      const count = await this.#connection.read(this.#buffer.subarray(this.#to)).catch(() => null);
      if (count === null) return false;
      this.#to += count;
    }
    return true;
  }

  async #pass(length: number, stream: "stdout" | "stderr", take: TakeOutput): Promise<boolean> {
    for (let left = length; left > 0;) {
      if (!await this.#have(1)) return false;
      const count = Math.min(left, this.#to - this.#from);
      await take(stream, this.#buffer.subarray(this.#from, this.#from + count));
      this.#from += count;
      left -= count;
    }
    return true;
  }
}

function broken(): SkiffError {
  return new SkiffError("unavailable", "Something in the sandbox broke off the session of the program", {
    hint: "`skiff sandbox stop` ends all that runs in it; the next run starts it again.",
  });
}
