/** `skiff mcp tools approve`, and `policy approve`. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { approveTools, type Pin, pinFile, readPins } from "../../gateway/mcp/security/pin_file.ts";
import { differences } from "../../gateway/mcp/security/tool_definition.ts";
import { jsonFlag, placeOf } from "./place.ts";

interface Waiting {
  server: string;
  tool: string;
  changes: string[];
}

export const toolsApproveCommand: Command = {
  name: "approve",
  summary: "Show tools that have changed since they were approved, and approve them",
  description:
    "A tool is approved as it is when its server is first listed. Without SERVER, shows the tools that are " +
    "described otherwise since, and how; with SERVER, approves them as they were seen last.",
  args: [
    { name: "SERVER", complete: async (context) => (await waiting(context)).map(({ server }) => server) },
    { name: "TOOL", variadic: true, summary: "Only these, by the server's names for them" },
  ],
  flags: [jsonFlag],
  examples: ["skiff mcp tools approve", "skiff mcp tools approve github"],
  async run({ context, args, flags }) {
    const server = args.SERVER as string | undefined;
    if (server === undefined) return await show(context, flags.json === true);
    const tools = args.TOOL as string[] | undefined;
    const path = pinFile(placeOf(context).files.folder);
    const wanted = tools?.length ? tools : undefined;
    const pins = (await readPins(path)).get(server);
    if (!pins) {
      throw new SkiffError("not_found", `No tools of ${server} were listed so far`, {
        hint: "Tools are approved as they are when their server is first listed.",
      });
    }
    const unknown = wanted?.filter((tool) => !pins.has(tool));
    if (unknown?.length) throw new SkiffError("not_found", `${server} has no tool ${unknown.join(", ")}`);
    const approved = await approveTools(path, context.env, { server, tools: wanted });
    if (approved.size === 0) {
      return await context.out(`No tool of ${server} has changed since it was approved\n`);
    }
    // What is approved now may be other than what was shown before.
    await context.out(`Approved: ${[...approved.keys()].join(", ")}\n`);
    for (const [tool, pin] of approved) await context.out(changesOf(server, tool, changesIn(pin)));
  },
};

async function show(context: Context, asJson: boolean): Promise<void> {
  const changed = await waiting(context);
  if (asJson) return await context.out(`${JSON.stringify(changed, null, 2)}\n`);
  if (changed.length === 0) return await context.out("No tool has changed since it was approved.\n");
  for (const { server, tool, changes } of changed) {
    await context.out(changesOf(server, tool, changes));
  }
}

const changesIn = ({ approved, changed }: Required<Pin>) => differences(approved, changed);

function changesOf(server: string, tool: string, changes: string[]): string {
  return `${tool} of ${server}:\n${changes.map((line) => `    ${line}\n`).join("")}`;
}

async function waiting(context: Context): Promise<Waiting[]> {
  const pins = await readPins(pinFile(placeOf(context).files.folder));
  const isChanged = (entry: [string, Pin]): entry is [string, Required<Pin>] =>
    entry[1].changed !== undefined;
  return [...pins].flatMap(([server, tools]) =>
    [...tools].filter(isChanged).map(([tool, pin]) => ({ server, tool, changes: changesIn(pin) }))
  );
}
