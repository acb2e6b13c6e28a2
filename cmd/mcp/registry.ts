/** `skiff mcp registry`: what community registries publish. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { fromServerJson } from "../../gateway/mcp/catalog/community_registry.ts";
import { readText } from "../../gateway/mcp/files/edit_file.ts";
import { toYaml } from "../../gateway/mcp/files/yaml_text.ts";

const convertCommand: Command = {
  name: "convert",
  summary: "Print a server.json of a community registry as an entry of a catalog",
  flags: [{ name: "file", value: "FILE", summary: "The server.json" }],
  examples: ["skiff mcp registry convert --file server.json > notes.yaml"],
  async run({ context, flags }) {
    const file = flags.file as string | undefined;
    if (file === undefined) throw new SkiffError("usage", "No file is named", { hint: "Add --file FILE." });
    const text = await readText(file);
    if (text === undefined) throw new SkiffError("not_found", `There is no file ${file}`);
    await context.out(toYaml(fromServerJson(text, file)));
  },
};

export const registryCommand: Command = {
  name: "registry",
  summary: "Convert what community registries publish",
  hidden: true,
  commands: [{
    name: convertCommand.name,
    summary: convertCommand.summary,
    load: () => Promise.resolve(convertCommand),
  }],
};
