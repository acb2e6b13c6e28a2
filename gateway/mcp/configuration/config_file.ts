/** config.yaml: the user's values, server by server. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { deleteYaml, parseYamlMap, setYaml } from "../files/yaml_text.ts";
import { canonicalName } from "../catalog/template.ts";
import type { Environment } from "./toolkit_files.ts";

export type ServerValues = Record<string, unknown>;

/** Values by canonical server name (dots are underscores). Throws "invalid_input" when a server's are no mapping. */
export async function readConfigValues(path: string): Promise<Map<string, ServerValues>> {
  const text = await readText(path);
  const values = new Map<string, ServerValues>();
  if (text === undefined) return values;
  for (const [name, value] of Object.entries(parseYamlMap(text, path))) {
    if (value === null) continue;
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new SkiffError("invalid_input", `${path}: the values of "${name}" are no mapping`, {
        hint: `Write them as lines like \`  key: value\` below \`${name}:\`.`,
      });
    }
    values.set(canonicalName(name), value as ServerValues);
  }
  return values;
}

/** Replaces the whole file by a text that must be a mapping of mappings. */
export async function writeConfig(path: string, text: string, env: Environment): Promise<void> {
  for (const [name, value] of Object.entries(parseYamlMap(text, "config.yaml"))) {
    if (value !== null && (typeof value !== "object" || Array.isArray(value))) {
      throw new SkiffError("invalid_input", `The values of "${name}" are no mapping`, {
        hint: "Give YAML like `notes: {folder: /home/me/notes}`.",
      });
    }
  }
  await editFile(path, () => text.endsWith("\n") || text === "" ? text : `${text}\n`, { env });
}

/** Sets one value (undefined: removes it); all else in the file stays. `key` may be a path with dots. */
export async function setConfigValue(
  path: string,
  { server, key, value }: { server: string; key: string; value: unknown },
  env: Environment,
): Promise<void> {
  await editFile(path, (text = "") => {
    const present = Object.keys(parseYamlMap(text, path)).find((name) =>
      canonicalName(name) === canonicalName(server)
    );
    const steps = [present ?? canonicalName(server), ...key.split(".")];
    return value === undefined ? deleteYaml(text, steps, path) : setYaml(text, steps, value, path);
  }, { env });
}
