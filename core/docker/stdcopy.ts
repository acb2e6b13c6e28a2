/**
 * Splits what a container without a terminal writes: the Engine frames it with 8 bytes (stream, three zeros,
 * length in big-endian), Docker's pkg/stdcopy.
 */
import { SkiffError } from "../errors/skiff_error.ts";

export interface OutputPiece {
  stream: "stdout" | "stderr";
  data: Uint8Array<ArrayBuffer>;
}

const headerBytes = 8;
const systemError = 3;
const longestSystemError = 64 * 1024;

/**
 * The pieces as they come, not joined to whole frames, so a frame of any length needs no memory. Reads no
 * faster than the caller takes. Throws "corrupt" for what is no frame and for an end within a frame, and the
 * Engine's own message when it sends one.
 */
export async function* demultiplex(
  readable: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<OutputPiece> {
  const header = new Uint8Array(headerBytes);
  let inHeader = 0;
  let left = 0;
  let failure = "";
  for await (const bytes of readable) {
    for (let at = 0; at < bytes.length;) {
      if (left === 0) {
        const taken = Math.min(headerBytes - inHeader, bytes.length - at);
        header.set(bytes.subarray(at, at + taken), inHeader);
        at += taken;
        inHeader += taken;
        if (inHeader < headerBytes) break;
        inHeader = 0;
        left = frameLength(header);
        continue;
      }
      const data = bytes.subarray(at, at + left);
      at += data.length;
      left -= data.length;
      if (header[0] !== systemError) yield { stream: header[0] === 2 ? "stderr" : "stdout", data };
      else if (failure.length < longestSystemError) failure += new TextDecoder().decode(data);
      if (header[0] === systemError && left === 0) {
        throw new SkiffError("unavailable", `Docker Engine: ${failure.trim()}`);
      }
    }
  }
  if (left > 0 || inHeader > 0) {
    throw new SkiffError("network", "The Docker Engine broke off in the middle of a container's output");
  }
}

function frameLength(header: Uint8Array): number {
  if (header[0] > systemError || header[1] !== 0 || header[2] !== 0 || header[3] !== 0) {
    throw new SkiffError("corrupt", "The container's output is not framed as the Engine frames it", {
      hint: "A container with a terminal sends plain bytes: read those without demultiplexing.",
    });
  }
  return new DataView(header.buffer).getUint32(4);
}
