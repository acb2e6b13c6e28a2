/** How long an ELF executable itself is: the end of its section table. What follows was appended to it. */

/**
 * Bytes of a 64-bit little-endian ELF file up to the end of its section header table
 * (e_shoff + e_shentsize * e_shnum; System V ABI, chapter 4). Throws when it is something else.
 */
export function elfLength(header: Uint8Array): number {
  const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
  if (header.length < 64 || magic.some((byte, i) => header[i] !== byte)) {
    throw new Error("Expected a 64-bit little-endian ELF executable");
  }
  const view = new DataView(header.buffer, header.byteOffset);
  return Number(view.getBigUint64(0x28, true)) + view.getUint16(0x3a, true) * view.getUint16(0x3c, true);
}
