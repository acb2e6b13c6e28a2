/** A new project of an MCP server: code that builds, a Dockerfile, a catalog that describes it. */
import { readAsset } from "../../../core/assets/assets.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";

/** Files of each template, below `assets/mcp_server_<language>/<template>`. */
const common = ["main.go", "go.mod", "go.sum", "Dockerfile", "compose.yaml", "catalog.yaml", "README.md"];
const templates: Record<string, string[]> = {
  "basic": common,
  "chatgpt-app-basic": [...common, "ui.html"],
};

export const projectTemplates = Object.keys(templates);
export const projectLanguages = ["go"];

/** Stands for the server's name in the files. */
const placeholder = "SERVER_NAME";

export interface ServerProject {
  /** Of the server, its image and its Go module: made of the folder's name. */
  name: string;
  folder: string;
  files: string[];
}

/**
 * Writes the files of a template into a folder, which is made when it is not there. Throws "conflict" when
 * something is in it, "usage" for a name that no image could have; nothing is written then.
 */
export async function writeServerProject(
  folder: string,
  { template, language }: { template: string; language: string },
): Promise<ServerProject> {
  const files = templates[template];
  if (!files || !projectLanguages.includes(language)) {
    throw new SkiffError("usage", `There is no template "${template}" in the language "${language}"`, {
      hint: `Templates: ${projectTemplates.join(", ")}; languages: ${projectLanguages.join(", ")}.`,
    });
  }
  const name = projectName(absolutePath(folder, Deno.cwd())); // "." is called as its folder is
  const texts = await Promise.all(files.map((file) => projectText(`${language}/${template}/${file}`, name)));
  await makeEmpty(folder);
  for (const [i, file] of files.entries()) await Deno.writeTextFile(`${folder}/${file}`, texts[i]);
  return { name, folder, files };
}

/** The last part of a path as a name of an image. */
function projectName(path: string): string {
  const last = path.split(/[/\\]/).at(-1) ?? "";
  const name = last.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (name !== "") return name;
  throw new SkiffError("usage", `"${path}" gives no name for a server`, {
    hint: "Name a folder with letters or digits.",
  });
}

async function projectText(path: string, name: string): Promise<string> {
  const bytes = await readAsset(`mcp_server_${path}`);
  if (!bytes) throw new SkiffError("internal", `This build of skiff carries no ${path}`);
  return new TextDecoder().decode(bytes).replaceAll(placeholder, name);
}

async function makeEmpty(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    for await (const { name } of Deno.readDir(folder)) {
      throw new SkiffError("conflict", `directory ${folder} is not empty`, {
        hint: `It has ${name}; choose another folder.`,
      });
    }
  } catch (error) {
    if (error instanceof SkiffError) throw error;
    const isFile = await Deno.stat(folder).then(({ isFile }) => isFile, () => false);
    const reason = isFile ? "a file is there" : (error as Error).message;
    throw new SkiffError("invalid_input", `The folder ${folder} cannot be made: ${reason}`, { cause: error });
  }
}
