/** Where a command of `skiff mcp` finds the user's files, and how it prints. */
import type { Context, Flag } from "../../core/cli/command.ts";
import type { CatalogPlace } from "../../gateway/mcp/catalog/catalogs.ts";
import { toolkitFiles } from "../../gateway/mcp/configuration/toolkit_files.ts";
import { toYaml } from "../../gateway/mcp/files/yaml_text.ts";

export function placeOf(context: Context): CatalogPlace {
  return { files: toolkitFiles(context.env), env: context.env, cwd: Deno.cwd() };
}

export const jsonFlag: Flag = { name: "json", summary: "Print as JSON" };

/** A value in a format for programs. */
export function printed(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : toYaml(value);
}

/** The first line of a text, cut to a width. */
export function shortened(text: string | undefined, width = 70): string {
  const line = (text ?? "").trim().split("\n")[0];
  return line.length <= width ? line : `${line.slice(0, width - 1).trimEnd()}…`;
}
