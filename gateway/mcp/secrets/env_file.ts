/** Files of secrets for machines without a store: a line `<secret name>=<value>` each. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** The secrets of a text. Throws "invalid_input" with the line (never its content) for one without "=". */
export function parseSecretLines(text: string, path: string): Map<string, string> {
  const secrets = new Map<string, string>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "" || line.trimStart().startsWith("#")) return;
    const equals = line.indexOf("=");
    if (equals <= 0) {
      throw new SkiffError("invalid_input", `${path}:${i + 1}: this line has no "="`, {
        hint: "Write one `name=value` a line, like github.token=abc.",
      });
    }
    const name = line.slice(0, equals).trim();
    if (!secrets.has(name)) secrets.set(name, line.slice(equals + 1));
  });
  return secrets;
}

/** The parts of a `--secrets` search path: colons between, but not the one of a Windows drive. */
export function splitSearchPath(text: string): string[] {
  const joined: string[] = [];
  for (const part of text.split(":")) {
    const drive = joined.at(-1);
    if (drive !== undefined && /^[A-Za-z]$/.test(drive) && /^[\\/]/.test(part)) {
      joined[joined.length - 1] = `${drive}:${part}`;
    } else joined.push(part);
  }
  return joined.filter((part) => part !== "");
}
