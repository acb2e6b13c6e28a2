/** `skiff sandbox policy check`. */
import type { Command } from "../../core/cli/command.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { checkTarget, findRecord } from "../../core/sandbox/network/policy_edit.ts";
import { readPolicy } from "../../core/sandbox/network/records.ts";
import { sandboxFlag } from "./policy.ts";

export const policyCheckCommand: Command = {
  name: "check",
  summary: "Tell whether a host would be let through",
  description: "Ends with 0 when all would be, with 1 otherwise. Addresses of names are not looked at.",
  args: [{ name: "HOST", summary: "HOST, HOST:PORT or a URL", required: true, variadic: true }],
  flags: [sandboxFlag],
  async run({ context, args, flags }) {
    const paths = skiffPaths(context.env);
    const { sandbox } = await findRecord(paths, flags.sandbox as string | undefined, Deno.cwd());
    const policy = await readPolicy(paths, sandbox);
    const checked = (args.HOST as string[]).map((host) => checkTarget(policy, host));
    for (const { target, allowed, reason } of checked) {
      await context.out(`${allowed ? "allowed" : "denied"}  ${target}  (${reason})\n`);
    }
    return checked.every(({ allowed }) => allowed) ? 0 : 1;
  },
};
