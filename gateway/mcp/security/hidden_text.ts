/** Characters in descriptions that a model reads and a person does not see. */

/** Zero-width, direction-changing, tag and control characters; a joiner between emoji, and flags, are none. */
const hidden =
  // deno-lint-ignore no-control-regex -- they are what is looked for
  /[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\u{E0000}-\u{E01EF}]|[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]/gu;
/** Most texts. */
const plain = /^[ -~\t\r\n]*$/;
const emojiParts =
  /\p{Extended_Pictographic}(?:\uFE0F?\u200D\uFE0F?\p{Extended_Pictographic})+|\u{1F3F4}[\u{E0061}-\u{E007A}]+\u{E007F}/gu;

/** What is hidden in any text of a value, in words; undefined: nothing is. Text in tag characters is spelt out. */
export function hiddenText(value: unknown): string | undefined {
  const found = new Map<string, number>();
  let spelt = "";
  for (const text of textsOf(value)) {
    if (plain.test(text)) continue;
    for (const [character] of text.replace(emojiParts, "").matchAll(hidden)) {
      const code = character.codePointAt(0)!;
      const isTag = code >= 0xE0000 && code <= 0xE007F;
      if (isTag && code > 0xE001F && code < 0xE007F) spelt += String.fromCharCode(code - 0xE0000);
      const name = isTag ? "tag characters" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
      found.set(name, (found.get(name) ?? 0) + 1);
    }
  }
  if (found.size === 0) return undefined;
  const counts = [...found].slice(0, 5).map(([name, count]) => `${count} × ${name}`).join(", ");
  return spelt === "" ? counts : `${counts}, which spell ${JSON.stringify(spelt.slice(0, 200))}`;
}

/** The text as JSON with every hidden character as its number. */
export function visible(text: string): string {
  return JSON.stringify(text).replace(
    hidden,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

function* textsOf(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      yield name;
      yield* textsOf(inner);
    }
  }
}
