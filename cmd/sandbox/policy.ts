/** `skiff sandbox policy`: what a sandbox may reach, changed while it runs. */
import type { Command, Flag } from "../../core/cli/command.ts";

/** Of all its sub-commands. */
export const sandboxFlag: Flag = {
  name: "sandbox",
  value: "NAME",
  summary: "Which sandbox (default: the one of this folder)",
};

export const policyCommand: Command = {
  name: "policy",
  summary: "Show and change what a sandbox may reach",
  description:
    "Rules are HOST[:PORT]: example.com, *.example.com, 10.0.0.5:5432, **. Without a port, 443 and\n" +
    "plain HTTP on 80. A deny rule beats every allow rule. Changes apply at once.",
  commands: [
    {
      name: "allow",
      summary: "Let a sandbox reach hosts",
      load: async () => (await import("./policy_rules.ts")).policyAllowCommand,
    },
    {
      name: "deny",
      summary: "Keep a sandbox from hosts",
      load: async () => (await import("./policy_rules.ts")).policyDenyCommand,
    },
    {
      name: "rm",
      summary: "Remove rules",
      load: async () => (await import("./policy_rules.ts")).policyRmCommand,
    },
    {
      name: "ls",
      aliases: ["list"],
      summary: "Show the policy of a sandbox",
      load: async () => (await import("./policy_ls.ts")).policyLsCommand,
    },
    {
      name: "log",
      summary: "Show what was let through and what was not",
      load: async () => (await import("./policy_log.ts")).policyLogCommand,
    },
    {
      name: "check",
      summary: "Tell whether a host would be let through",
      load: async () => (await import("./policy_check.ts")).policyCheckCommand,
    },
  ],
};
