/** How long an ELF executable itself is: what follows was appended to it. */
import { elfEnd } from "../core/assets/appended.ts";

/** Bytes of a 64-bit little-endian ELF file (System V ABI, chapter 4). Throws when it is something else. */
export function elfLength(header: Uint8Array): number {
  const end = elfEnd(header);
  if (end === undefined) throw new Error("Expected a 64-bit little-endian ELF executable");
  return end;
}
