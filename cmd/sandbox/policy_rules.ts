/** `skiff sandbox policy allow|deny|rm`. */
import type { Command, Invocation } from "../../core/cli/command.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { addRules, findRecord, idleRules, removeRules } from "../../core/sandbox/network/policy_edit.ts";
import { sandboxFlag } from "./policy.ts";

const rulesArgument = { name: "RULE", required: true, variadic: true };

async function change(
  { context, args, flags }: Invocation,
  how: "allow" | "deny" | "rm",
): Promise<void> {
  const paths = skiffPaths(context.env);
  const { sandbox, name } = await findRecord(paths, flags.sandbox as string | undefined, Deno.cwd());
  const rules = args.RULE as string[];
  const policy = how === "rm"
    ? await removeRules(paths, sandbox, rules)
    : await addRules(paths, sandbox, how, rules);
  const verb = { allow: "Allowed", deny: "Denied", rm: "Removed" }[how];
  await context.out(rules.map((rule) => `${verb} for ${name}: ${rule}\n`).join(""));
  const idle = idleRules(policy);
  if (idle) await context.err(`${idle}\n`);
}

export const policyAllowCommand: Command = {
  name: "allow",
  summary: "Let a sandbox reach hosts",
  args: [rulesArgument],
  flags: [sandboxFlag],
  examples: [
    "skiff sandbox policy allow example.com",
    "skiff sandbox policy allow '*.example.com:8443'",
    "skiff sandbox policy allow 127.0.0.1:5432",
  ],
  run: (invocation) => change(invocation, "allow"),
};

export const policyDenyCommand: Command = {
  name: "deny",
  summary: "Keep a sandbox from hosts",
  args: [rulesArgument],
  flags: [sandboxFlag],
  examples: ["skiff sandbox policy deny gitlab.com"],
  run: (invocation) => change(invocation, "deny"),
};

export const policyRmCommand: Command = {
  name: "rm",
  summary: "Remove rules",
  args: [rulesArgument],
  flags: [sandboxFlag],
  run: (invocation) => change(invocation, "rm"),
};
