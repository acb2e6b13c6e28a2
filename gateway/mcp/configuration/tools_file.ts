/** tools.yaml: which tools of a server are on. A server that is not in it has all. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { deleteYaml, parseYamlMap, setYaml } from "../files/yaml_text.ts";
import type { Environment } from "./toolkit_files.ts";

/** The lists by server name. */
export async function readTools(path: string): Promise<Map<string, string[]>> {
  const text = await readText(path);
  return text === undefined ? new Map() : toolsOf(text, path);
}

function toolsOf(text: string, path: string): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [server, list] of Object.entries(parseYamlMap(text, path))) {
    if (list === null) continue; // as in Docker's: no list, all tools
    if (!Array.isArray(list)) {
      throw new SkiffError("invalid_input", `${path}: the tools of "${server}" are no list`, {
        hint: `Write \`${server}: [one_tool, other_tool]\`, or [] for none.`,
      });
    }
    lists.set(server, list.map(String));
  }
  return lists;
}

/**
 * Switches tools of one server on or off. A missing list stands for those that are `listed` elsewhere, else for `all`
 * that it has.
 */
export async function changeTools(
  path: string,
  { server, all, listed, enable = [], disable = [] }: {
    server: string;
    all: string[];
    listed?: string[];
    enable?: string[];
    disable?: string[];
  },
  env: Environment,
): Promise<void> {
  await editFile(path, (text = "") => {
    const before = toolsOf(text, path).get(server);
    const on = new Set([...(before ?? listed ?? all), ...enable]);
    for (const tool of disable) on.delete(tool);
    const list = [...on];
    const same = before && before.length === list.length && list.every((tool) => before.includes(tool));
    if (same) return text;
    const complete = !listed && all.length > 0 && all.every((tool) => on.has(tool)) &&
      list.length === all.length;
    return complete ? deleteYaml(text, [server], path) : setYaml(text, [server], list, path);
  }, { env });
}
