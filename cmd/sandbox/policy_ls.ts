/** `skiff sandbox policy ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { policyName } from "../../core/sandbox/network/policy.ts";
import { findRecord, idleRules } from "../../core/sandbox/network/policy_edit.ts";
import { presetRules } from "../../core/sandbox/network/presets.ts";
import { readPolicy } from "../../core/sandbox/network/records.ts";
import { sandboxFlag } from "./policy.ts";

export const policyLsCommand: Command = {
  name: "ls",
  summary: "Show the policy of a sandbox",
  flags: [
    sandboxFlag,
    { name: "all", short: "a", summary: "The preset's rules, too" },
    formatFlag("table", "json"),
  ],
  async run({ context, flags }) {
    const paths = skiffPaths(context.env);
    const { sandbox, name } = await findRecord(paths, flags.sandbox as string | undefined, Deno.cwd());
    const policy = await readPolicy(paths, sandbox);
    const preset = policy.mode === "allow-list" ? presetRules(policy.preset ?? "balanced") : [];
    if (flags.format === "json") {
      const shown = { sandbox: name, ...policy, presetRules: preset };
      return await context.out(`${JSON.stringify(shown, null, 2)}\n`);
    }
    await context.out(`Network of ${name}: ${policyName(policy)}\n`);
    const rows = [
      ...policy.deny.map((rule) => ["deny", rule, "rule"]),
      ...policy.allow.map((rule) => ["allow", rule, "rule"]),
      ...(flags.all ? preset.map((rule) => ["allow", rule, "preset"]) : []),
    ];
    if (rows.length > 0) await context.out(formatTable(["verdict", "host", "from"], rows));
    if (!flags.all && preset.length > 0) {
      await context.out(`and ${preset.length} hosts of the preset (--all shows them)\n`);
    }
    const idle = idleRules(policy);
    if (idle && rows.length > 0) await context.err(`${idle}\n`);
  },
};
