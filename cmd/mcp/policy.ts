/** `skiff mcp policy`: which servers are loaded and which tools are called. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { editFile } from "../../gateway/mcp/files/edit_file.ts";
import { decide, parsePolicy, policyFile, targetOf } from "../../gateway/mcp/security/policy.ts";
import { jsonFlag, placeOf, printed } from "./place.ts";
import { readPolicy } from "./read_policy.ts";
import { readInput } from "./standard_input.ts";
import { toolsApproveCommand } from "./tools_approve.ts";

const pathOf = (context: Context) => policyFile(placeOf(context).files.folder);

const showCommand: Command = {
  name: "show",
  aliases: ["dump"],
  summary: "Print the policy",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const policy = readPolicy(context);
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
    await editFile(pathOf(context), () => `${text.trimEnd()}\n`, { env: context.env, backup: "beside" });
    await context.out(`The policy has ${rules.length} rules\n`);
  },
};

const checkCommand: Command = {
  name: "check",
  summary: "Say whether a server or one of its tools may be used",
  args: [{ name: "SERVER", required: true }, { name: "TOOL" }],
  flags: [{ name: "prompt", summary: "A prompt of the server in place of a tool", value: "NAME" }],
  async run({ context, args, flags }) {
    const { files: _, ...place } = placeOf(context);
    const policy = readPolicy(context);
    const server = await (await loadConfiguration(place)).server(args.SERVER as string);
    if (!server) throw new SkiffError("not_found", `No catalog has a server ${args.SERVER}`);
    const tool = args.TOOL as string | undefined;
    const prompt = flags.prompt as string | undefined;
    const targets = [
      targetOf(server, "load"),
      ...(tool ? [targetOf(server, "load", { tool }), targetOf(server, "invoke", { tool })] : []),
      ...(prompt ? [targetOf(server, "prompt", { prompt })] : []),
    ];
    const decisions = targets.map((target) => decide(policy, target));
    const { allowed, reason } = decisions.find(({ allowed }) => !allowed) ?? decisions.at(-1)!;
    await context.out(`${allowed ? "allowed" : "denied"}: ${reason}\n`);
    return allowed ? 0 : 1;
  },
};

export const policyCommand: Command = {
  name: "policy",
  summary: "Show and set which servers and tools may be used",
  description: "Show and set the rules in policy.yaml, tried in order, the first that fits decides:\n\n" +
    "    default: allow\n    changed_tools: refuse\n    rules:\n" +
    "      - {effect: deny, server: github, tool: 'delete_*', reason: only reading}",
  commands: [showCommand, setCommand, checkCommand, toolsApproveCommand].map((command) => ({
    name: command.name,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};
