/** Texts of somebody else's on their way to a terminal, which would obey what is in them. */

/** Colours and the like: they do no harm, but nobody asked for them. */
// deno-lint-ignore no-control-regex -- it is what is looked for
const style = /\x1b\[[\d;]*m/g;
/** All but line breaks and tabs, with the marks that turn the direction of text around. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const control = /(?!\r?\n|\t)[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Without styles; other control characters are shown by their number. */
export function printable(text: string): string {
  return text.replace(style, "").replace(
    control,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}

/** As `printable`, on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\r\n\t]+/g, " "));
}
