/**
 * A kernel's text for a shape: a .wgsl file, valid as it stands, whose constants get the values of the shape,
 * after the snippets that it calls.
 */

export type Constants = Readonly<Record<string, number | boolean>>;

/**
 * Replaces `const NAME = 64u;` by the value under that name, keeping the suffix (u, i, f). Throws RangeError for
 * a name that the text has not.
 */
export function kernelText(source: string, constants: Constants, ...snippets: string[]): string {
  let text = [...snippets, source].join("\n");
  for (const [name, value] of Object.entries(constants)) {
    const pattern = new RegExp(`^(const ${name}(?:: \\w+)? = )(?:true|false|[-\\d.e]+)([uif]?);`, "m");
    if (!pattern.test(text)) throw new RangeError(`The kernel has no constant ${name}`);
    text = text.replace(pattern, (_, start, suffix) => `${start}${literal(value, suffix)}${suffix};`);
  }
  return text;
}

function literal(value: number | boolean, suffix: string): string {
  if (suffix !== "f" || typeof value === "boolean") return String(value);
  const text = Math.fround(value).toPrecision(9);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
