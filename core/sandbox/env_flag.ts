/** `-e NAME=VALUE`, `-e NAME` and `--env-file`, as `docker run` reads them. */
import { SkiffError } from "../errors/skiff_error.ts";

type Environment = { get(name: string): string | undefined };

/**
 * The variables of all `-e` and files; what stands later wins, flags win over files. A name alone takes the
 * value of this process, and is left out when that has none. Throws "usage" for what is no variable.
 */
export function readEnvironment(
  flags: string[],
  files: { path: string; text: string }[],
  host: Environment,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { path, text } of files) {
    text.split(/\r?\n/).forEach((line, i) => {
      const word = line.trimStart();
      if (word === "" || word.startsWith("#")) return;
      setVariable(variables, word, host, `${path}:${i + 1}`);
    });
  }
  for (const flag of flags) setVariable(variables, flag, host, `--env ${flag}`);
  return variables;
}

function setVariable(into: Record<string, string>, text: string, host: Environment, where: string): void {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  if (name === "" || /[\s\0]/.test(name)) {
    throw new SkiffError("usage", `${where}: "${name}" is no name of a variable`, {
      hint: "Write NAME=VALUE, or NAME alone to pass on your own value.",
    });
  }
  const value = at < 0 ? host.get(name) : text.slice(at + 1);
  if (value !== undefined) into[name] = value;
}
