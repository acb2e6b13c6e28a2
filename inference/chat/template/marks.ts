/**
 * Marks on what a user wrote, so that after a template has trimmed, split, joined and escaped it, it can still
 * be told from what the template wrote. A marked character is replaced by a twin: a lone high surrogate,
 * which well-formed text never contains. Twins are as long as what they stand for, so positions stay valid.
 */

/** `"` and `\` have no twin, so that JSON escaping still finds them. */
const alphabet = Array.from({ length: 0x7e - 0x21 + 1 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((char) => char !== '"' && char !== "\\").join("") + "｜▁";

const twinOf = new Map(Array.from(alphabet, (char, i) => [char, String.fromCharCode(0xd800 + i)]));
const plainOf = new Map(Array.from(twinOf, ([char, twin]) => [twin, char]));
const markable = /[!#-[\]-~｜▁]/g;
const twins = /[\ud800-\udbff](?![\udc00-\udfff])/g;
const anyTwin = /[\ud800-\udbff](?![\udc00-\udfff])/;

/** The text with every character that a control token could contain replaced by its twin. */
export function mark(text: string): string {
  return text.toWellFormed().replace(markable, (char) => twinOf.get(char)!);
}

/** The text without marks. */
export function plain(text: string): string {
  return anyTwin.test(text) ? text.replace(twins, (twin) => plainOf.get(twin) ?? "\ufffd") : text;
}

export function isMarked(text: string): boolean {
  return anyTwin.test(text);
}

/** An object's entries whose keys a user wrote: found by their plain text, read out with marks. */
export class MarkedKeys<V> extends Map<string, V> {
  override *entries(): MapIterator<[string, V]> {
    for (const [key, value] of super.entries()) yield [mark(key), value];
  }
  override *keys(): MapIterator<string> {
    for (const key of super.keys()) yield mark(key);
  }
  override [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
