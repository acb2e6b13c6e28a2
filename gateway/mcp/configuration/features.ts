/** Feature flags of the toolkit, kept in Docker's config.json: `features.<name>: "enabled"`. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { parseJsonObject, setJson } from "../files/json_text.ts";
import type { Environment, ToolkitFiles } from "./toolkit_files.ts";

export interface Feature {
  name: string;
  summary: string;
  default: boolean;
}

export const knownFeatures: Feature[] = [
  {
    name: "dynamic-tools",
    summary: "Tools by which an agent finds and adds servers (mcp-find, mcp-add, …)",
    default: true,
  },
  {
    name: "mcp-oauth-dcr",
    summary: "Register as an OAuth client at remote servers that allow it",
    default: true,
  },
  {
    name: "oauth-interceptor",
    summary: "Answer a refused GitHub token with a link that authorizes anew",
    default: false,
  },
  { name: "profiles", summary: "Profiles beside the enabled servers", default: true },
  { name: "tool-name-prefix", summary: "Put the server's name before the name of each tool", default: false },
  {
    name: "use-embeddings",
    summary: "Find servers and tools by meaning, too, with an embedding model of skiff's model server",
    default: true,
  },
];

/** All flags, with the defaults of those that nobody set. */
export async function readFeatures(files: ToolkitFiles): Promise<Record<string, boolean>> {
  const result = Object.fromEntries(knownFeatures.map(({ name, default: on }) => [name, on]));
  const text = await readText(files.dockerConfig);
  const set = text === undefined ? {} : parseJsonObject(text, files.dockerConfig).features;
  for (const [name, value] of Object.entries(set && typeof set === "object" ? set : {})) {
    const on = asBoolean(value);
    if (on !== undefined) result[name] = on;
  }
  return result;
}

/** Docker writes "enabled"; older files and people write what Go takes for a boolean. */
function asBoolean(value: unknown): boolean | undefined {
  const word = String(value).toLowerCase();
  if (["enabled", "true", "t", "1"].includes(word)) return true;
  if (["disabled", "false", "f", "0"].includes(word)) return false;
  return undefined;
}

/** Sets a flag; the rest of Docker's config.json stays as it was. Throws "not_found" for an unknown flag. */
export async function setFeature(
  files: ToolkitFiles,
  name: string,
  on: boolean,
  env: Environment,
): Promise<void> {
  if (!knownFeatures.some((feature) => feature.name === name)) {
    throw new SkiffError("not_found", `There is no feature "${name}"`, {
      hint: `Features: ${knownFeatures.map((feature) => feature.name).join(", ")}.`,
    });
  }
  const value = on ? "enabled" : "disabled";
  await editFile(
    files.dockerConfig,
    (text = "") => setJson(text, ["features", name], value, files.dockerConfig),
    { env, mode: 0o600 },
  );
}
