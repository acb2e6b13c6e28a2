/** JSON with comments and trailing commas (JSONC): read with places in errors, changed so that all else stays. */
import { applyEdits, modify, parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** The value of a text; undefined for an empty one. Throws "invalid_input" with file, line and column. */
export function parseJson(text: string, path: string): unknown {
  if (text.trim() === "") return undefined;
  const errors: ParseError[] = [];
  const value = parse(text, errors, { allowTrailingComma: true, disallowComments: false });
  if (errors.length > 0) {
    const before = text.slice(0, errors[0].offset).split("\n");
    const reason = printParseErrorCode(errors[0].error).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
    throw new SkiffError(
      "invalid_input",
      `${path}:${before.length}:${before.at(-1)!.length + 1}: ${reason}`,
      {
        hint: "Repair the JSON at that place.",
      },
    );
  }
  return value;
}

/** As `parseJson`, of a text that must hold an object; {} for an empty one. */
export function parseJsonObject(text: string, path: string): Record<string, unknown> {
  const value = parseJson(text, path) ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SkiffError("invalid_input", `${path}:1:1: a JSON object is expected here`, {
      hint: "The file must begin with {.",
    });
  }
  return value as Record<string, unknown>;
}

/**
 * Sets (undefined: removes) the value at a path of keys, making the objects on the way. Comments, order,
 * indentation and trailing commas of all else stay. Throws "invalid_input" when something on the way is no object.
 */
export function setJson(text: string, path: string[], value: unknown, file: string): string {
  let at: unknown = parseJsonObject(text, file);
  path.slice(0, -1).forEach((key, i) => {
    const next = own(at, key);
    if (next !== undefined && (typeof next !== "object" || next === null || Array.isArray(next))) {
      throw new SkiffError("invalid_input", `${file}: "${path.slice(0, i + 1).join(".")}" is no object`, {
        hint: "Repair or remove that setting.",
      });
    }
    at = next;
  });
  if (value === undefined && own(at, path.at(-1)!) === undefined) return text;
  const base = text.trim() === "" ? "{}\n" : text;
  return applyEdits(base, modify(base, path, value, { formattingOptions: layoutOf(base) }));
}

function own(value: unknown, key: string): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** How the file is indented: as its first indented line. */
function layoutOf(text: string): { tabSize: number; insertSpaces: boolean; eol: string } {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  return { tabSize: indent[0] === "\t" ? 4 : indent.length, insertSpaces: indent[0] !== "\t", eol: "\n" };
}
