/** llama.cpp's log: silent while it computes, read while it loads, since that is where it says why it refuses. */
import type { NativeLibrary } from "./native.ts";

/** What llama.cpp wrote during a call. */
export interface NativeLog {
  /** Lines of level error, oldest first. */
  errors: string[];
  /** Sum of the buffers that it says it allocated, in bytes: weights, caches, work space, by name. */
  buffers: { name: string; bytes: number }[];
}

const levelError = 4;
const bufferLine = /(\S+)\s+(?:(\w+) )?buffer size\s*=\s*([\d.]+) MiB/;
const encoder = new TextEncoder();

/**
 * Runs a blocking native call and collects what it logs. The callback is only in place during the call, on
 * whose thread llama.cpp logs while loading; while it computes, its own threads may log, and these must not
 * call into JavaScript.
 */
export function withLog<T>(library: NativeLibrary, call: () => T): { result: T; log: NativeLog } {
  const log: NativeLog = { errors: [], buffers: [] };
  let line = "";
  const callback = new Deno.UnsafeCallback(
    { parameters: ["i32", "pointer", "pointer"], result: "void" },
    (level, text) => {
      if (text === null) return;
      const piece = Deno.UnsafePointerView.getCString(text);
      if (library.nativeLog) Deno.stderr.writeSync(encoder.encode(piece));
      line += piece;
      if (!line.endsWith("\n")) return;
      record(log, level, line.trim());
      line = "";
    },
  );
  library.llama.llama_log_set(callback.pointer, null);
  try {
    return { result: call(), log };
  } finally {
    library.llama.llama_log_set(library.nativeLog ? null : library.llama.llama_time_us, null);
    callback.close();
  }
}

function record(log: NativeLog, level: number, line: string): void {
  if (level === levelError) log.errors.push(line);
  const buffer = bufferLine.exec(line);
  if (buffer) {
    const [, device, kind = "", size] = buffer;
    log.buffers.push({ name: `${device} ${kind}`.trim(), bytes: Number(size) * 1024 * 1024 });
  }
}

/** Bytes of all buffers; those of work space are logged again when they grow, so the largest of a name counts. */
export function bufferBytes(...logs: NativeLog[]): number {
  const largest = new Map<string, number>();
  let sum = 0;
  for (const { name, bytes } of logs.flatMap((log) => log.buffers)) {
    if (name.endsWith("compute")) largest.set(name, Math.max(bytes, largest.get(name) ?? 0));
    else sum += bytes;
  }
  for (const bytes of largest.values()) sum += bytes;
  return Math.round(sum);
}

/** Whether the log tells of memory that could not be had. */
export function ranOutOfMemory({ errors }: NativeLog): boolean {
  return errors.some((line) =>
    /failed to allocate|out of memory|unable to allocate|cannot allocate/i.test(line)
  );
}

/** llama.cpp's reason in one line: the most particular error, without the function that wrote it. */
export function nativeReason({ errors }: NativeLog): string | undefined {
  const line = errors.find((text) => /error loading model/.test(text)) ?? errors[0];
  return line?.replace(/^\w+: /, "").replace(/^error loading model( \w+)?: /, "");
}
