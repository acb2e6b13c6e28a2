/** What a server writes to stderr, as lines of a bounded length. */
import { LineSplitter } from "./line_splitter.ts";

const longestLogLine = 64 * 1024;

/** Reads to the end; errors of the stream are its end. */
export async function logLines(
  readable: AsyncIterable<Uint8Array>,
  log: (line: string) => void,
): Promise<void> {
  const splitter = logSplitter(log);
  try {
    for await (const bytes of readable) splitter(bytes);
  } catch { /* the process's end is told elsewhere */ }
}

/** For streams whose pieces come one by one. */
export function logSplitter(log: (line: string) => void): (bytes: Uint8Array) => void {
  const lines = new LineSplitter(longestLogLine);
  return (bytes) => {
    for (const line of lines.push(bytes)) {
      const text = new TextDecoder().decode(line.bytes).trimEnd();
      if (text !== "") log(text);
    }
  };
}
