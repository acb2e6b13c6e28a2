/**
 * GPT-2's alphabet: byte-level BPE writes every byte of a text as one printable character, the printable
 * Latin-1 ones as themselves and the other 68 as U+0100 and up ("Ġ" is the space).
 */

function printable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
}

/** The code point that stands for each byte. */
export const characterOfByte: readonly number[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => printable(byte) ? byte : next++);
})();

const byteOfCharacter = new Map(characterOfByte.map((character, byte) => [character, byte]));

/** Writes the alphabet's form of `bytes` as UTF-8 into `target` (twice the room); gives its length. */
export function writeAlphabet(bytes: Uint8Array, length: number, target: Uint8Array): number {
  let at = 0;
  for (let i = 0; i < length; i++) {
    const character = characterOfByte[bytes[i]];
    if (character < 0x80) target[at++] = character;
    else {
      target[at++] = 0xc0 | character >> 6;
      target[at++] = 0x80 | character & 0x3f;
    }
  }
  return at;
}

/** The bytes that a text in the alphabet stands for; a character outside of it stands for its own UTF-8. */
export function readAlphabet(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOfCharacter.get(character.codePointAt(0)!);
    if (byte === undefined) bytes.push(...new TextEncoder().encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
