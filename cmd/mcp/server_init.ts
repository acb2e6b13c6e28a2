/** `skiff mcp server init`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { programName } from "../../core/process/called_as.ts";
import {
  projectLanguages,
  projectTemplates,
  writeServerProject,
} from "../../gateway/mcp/scaffold/server_project.ts";

export const serverInitCommand: Command = {
  name: "init",
  summary: "Begin an MCP server of your own",
  description:
    "Writes a project that builds: an MCP server, its Dockerfile, a compose file and a catalog that describes it.\n" +
    "The server and its image are named after the folder.",
  args: [{ name: "DIRECTORY", required: true, summary: "A folder that is empty or not there" }],
  flags: [
    {
      name: "language",
      value: "LANGUAGE",
      summary: "Programming language",
      choices: projectLanguages,
      default: projectLanguages[0],
    },
    {
      name: "template",
      value: "TEMPLATE",
      summary: "What to begin with (required)",
      choices: projectTemplates,
    },
  ],
  examples: ["skiff mcp server init ./greeter --template basic"],
  async run({ context, args, flags }) {
    const template = flags.template as string | undefined;
    if (template === undefined) {
      throw new SkiffError("usage", "No template is named", {
        hint: `Add --template: ${projectTemplates.join(", ")}.`,
      });
    }
    const language = flags.language as string;
    const { name, folder } = await writeServerProject(args.DIRECTORY as string, { template, language });
    const steps = [
      `cd ${quoted(folder)}`,
      `docker build -t ${name}:latest .`,
      `${programName()} mcp gateway run --catalog ./catalog.yaml --servers ${name}`,
      "docker compose up   # the same over HTTP, in a container",
    ];
    await context.out(
      `Successfully initialized MCP server project in ${folder} (template: ${template})\n` +
        `Next steps:\n${steps.map((step) => `  ${step}\n`).join("")}`,
    );
  },
};

/** As a shell takes it for one word. */
const quoted = (path: string) => /^[\w./~:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
