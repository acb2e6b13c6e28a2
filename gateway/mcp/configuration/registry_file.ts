/** registry.yaml: which servers are enabled. */
import { editFile, readText } from "../files/edit_file.ts";
import { deleteYaml, parseYamlMap, setYaml, toYaml } from "../files/yaml_text.ts";
import type { Environment } from "./toolkit_files.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** Names of the enabled servers in the order of the file; none when there is no file. */
export async function readRegistry(path: string): Promise<string[]> {
  const text = await readText(path);
  if (text === undefined) return [];
  return Object.keys(registryOf(text, path));
}

function registryOf(text: string, path: string): Record<string, unknown> {
  const registry = parseYamlMap(text, path).registry ?? {};
  if (typeof registry !== "object" || Array.isArray(registry)) {
    throw new SkiffError("invalid_input", `${path}: "registry" is no mapping`, {
      hint: 'It lists one server a line, like `fetch: {ref: ""}`.',
    });
  }
  return registry as Record<string, unknown>;
}

export interface RegistryChange {
  enable?: string[];
  disable?: string[];
  /** Servers to keep; all others go (those that no catalog has any longer). Absent: all. */
  known?: (name: string) => boolean;
}

/** Enables and disables servers; what is written about the others stays. Gives the names that were pruned. */
export async function changeRegistry(
  path: string,
  { enable = [], disable = [], known = () => true }: RegistryChange,
  env: Environment,
): Promise<string[]> {
  let pruned: string[] = [];
  await editFile(path, (text = "") => {
    const present = Object.keys(registryOf(text, path));
    pruned = present.filter((name) => !known(name) && !disable.includes(name));
    for (const name of [...pruned, ...disable]) text = deleteYaml(text, ["registry", name], path);
    for (const name of enable) {
      if (!present.includes(name)) text = setYaml(text, ["registry", name], { ref: "" }, path);
    }
    return text;
  }, { env });
  return pruned;
}

/** Disables all. */
export async function resetRegistry(path: string, env: Environment): Promise<void> {
  await editFile(path, (text = "") => {
    registryOf(text, path);
    return text.trim() === "" ? toYaml({ registry: {} }) : setYaml(text, ["registry"], {}, path);
  }, { env });
}
