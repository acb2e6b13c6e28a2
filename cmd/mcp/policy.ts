/** `skiff mcp policy`: which servers are loaded and which tools are called. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { editFile } from "../../gateway/mcp/files/edit_file.ts";
import { decide, parsePolicy, policyFile, readPolicy, targetOf } from "../../gateway/mcp/security/policy.ts";
import { pinsFile } from "../../gateway/mcp/security/security.ts";
import { approveTools } from "../../gateway/mcp/security/tool_pins.ts";
import { jsonFlag, placeOf, printed } from "./place.ts";
import { readInput } from "./standard_input.ts";

const pathOf = (context: Context) => policyFile(placeOf(context).files.folder);

const showCommand: Command = {
  name: "show",
  aliases: ["dump"],
  summary: "Print the policy",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const policy = await readPolicy(pathOf(context));
    await context.out(printed(policy, flags.json ? "json" : "yaml"));
  },
};

const setCommand: Command = {
  name: "set",
  summary: "Replace the policy by the one on stdin",
  examples: ["skiff mcp policy set < policy.yaml"],
  async run({ context }) {
    const text = await readInput(context, "skiff mcp policy set < FILE");
    const { rules } = parsePolicy(text, "stdin");
    await editFile(pathOf(context), () => `${text.trimEnd()}\n`, { env: context.env, backup: true });
    await context.out(`The policy has ${rules.length} rules\n`);
  },
};

const checkCommand: Command = {
  name: "check",
  summary: "Say whether a server or one of its tools may be used",
  args: [{ name: "SERVER", required: true }, { name: "TOOL" }],
  async run({ context, args }) {
    const { files: _, ...place } = placeOf(context);
    const policy = await readPolicy(pathOf(context));
    const server = await (await loadConfiguration(place)).server(args.SERVER as string);
    if (!server) throw new SkiffError("not_found", `No catalog has a server ${args.SERVER}`);
    const load = decide(policy, targetOf(server, "load"));
    const tool = args.TOOL as string | undefined;
    const { allowed, reason } = load.allowed && tool
      ? decide(policy, targetOf(server, "invoke", tool))
      : load;
    await context.out(`${allowed ? "allowed" : "denied"}: ${reason}\n`);
    return allowed ? 0 : 1;
  },
};

const approveCommand: Command = {
  name: "approve",
  summary: "Approve the tools of a server as they are now",
  args: [{ name: "SERVER", required: true }],
  async run({ context, args }) {
    const server = args.SERVER as string;
    const path = pinsFile(placeOf(context).files.folder);
    const known = await approveTools(path, context.env, server);
    await context.out(known ? `Approved the tools of ${server}\n` : `No tool of ${server} was used so far\n`);
  },
};

export const policyCommand: Command = {
  name: "policy",
  summary: "Show and set which servers and tools may be used",
  description: "Show and set the rules in policy.yaml, tried in order, the first that fits decides:\n\n" +
    "    default: allow\n    changed_tools: refuse\n    rules:\n" +
    "      - {effect: deny, server: github, tool: 'delete_*', reason: only reading}",
  commands: [showCommand, setCommand, checkCommand, approveCommand].map((command) => ({
    name: command.name,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};
